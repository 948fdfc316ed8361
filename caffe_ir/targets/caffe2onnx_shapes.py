"""The shapes that caffe2onnx states, where a Slice of rows or columns makes them differ from the true ones.

It takes the parts of every Slice for parts of the channels (OPs/Slice.py, getSliceOutShape), and goes on from there.
onnxruntime computes with the true shapes, and what is stated matters where

- shapes have to fit before it runs: a Concat, a sum, the factors of a Scale;
- a size is written into the file: Flatten and InnerProduct write those of their rows, a Slice where its last part ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, Literal

from caffe_ir.blob import Shape
from caffe_ir.errors import ShapeError
from caffe_ir.layer import Shapes, axis_index
from caffe_ir.layers import (
    LRN,
    Concat,
    Convolution,
    Deconvolution,
    Eltwise,
    Flatten,
    InnerProduct,
    Permute,
    Pooling,
    Power,
    ReLU,
    ReLU6,
    Reshape,
    Scale,
    Sigmoid,
    Slice,
    Softmax,
    TanH,
)
from caffe_ir.net import Net
from caffe_ir.node import Node

Fault = Literal["refused", "wrong"]
STATED_AXES = (2, 4)
"""Of the blobs that it slices; it stops at others."""


def faults(net: Net) -> dict[str, Fault]:
    """What becomes of layers by the shapes that it states: of the first that is refused, and all before it.

    Empty where all is computed rightly.
    """
    if not any(isinstance(node.layer, Slice) and not _is_of_channels(node.layer, net, node) for node in net.nodes):
        return {}
    found: dict[str, Fault] = {}
    stated = dict[str, Shape]()
    for node in net.nodes:
        true, bottoms = net.shapes_of(node.bottoms), tuple(stated[bottom] for bottom in node.bottoms)
        if isinstance(node.layer, Slice):
            if len(bottoms[0]) not in STATED_AXES:
                return {**found, node.name: "refused"}
            if _is_cut(node.layer, bottoms[0], true[0]):
                found[node.name] = "wrong"
            tops = _parts(node.layer, bottoms[0])
        elif bottoms == true:
            tops = net.shapes_of(node.tops)
        else:
            one = _top(node, bottoms, true)
            if one is None:
                return {**found, node.name: "refused"}
            tops = (one,)
        stated.update(zip(node.tops, tops, strict=True))
    return found


def _is_of_channels(layer: Slice, net: Net, node: Node) -> bool:
    return axis_index(layer.axis, len(net.shapes_of(node.bottoms)[0])) == 1


def _parts(layer: Slice, stated: Shape) -> Shapes:
    ends = (*layer.slice_point, stated[layer.axis])
    return tuple(
        (stated[0], end - start, *stated[2:]) for start, end in zip((0, *layer.slice_point), ends, strict=True)
    )


def _is_cut(layer: Slice, stated: Shape, true: Shape) -> bool:
    """Whether the last part ends before the blob does."""
    return stated[layer.axis] < true[layer.axis]


def _top(node: Node, stated: Shapes, true: Shapes) -> Shape | None:
    """What it states of the top of a layer; None where onnxruntime refuses that, or nobody tried it."""
    rule = _RULES.get(type(node.layer))
    return rule(node.layer, stated, true) if rule else None


def _same(layer: Any, stated: Shapes, true: Shapes) -> Shape | None:
    return stated[0]


def _fitting(layer: Eltwise, stated: Shapes, true: Shapes) -> Shape | None:
    return stated[0] if all(_broadcasts(stated[0], other) for other in stated[1:]) else None


def _joined(layer: Concat, stated: Shapes, true: Shapes) -> Shape | None:
    axis = axis_index(layer.axis, len(stated[0]))
    if len({(*one[:axis], *one[axis + 1 :]) for one in stated}) > 1:
        return None
    return (*stated[0][:axis], sum(one[axis] for one in stated), *stated[0][axis + 1 :])


def _scaled(layer: Scale, stated: Shapes, true: Shapes) -> Shape | None:
    if len(stated) > 1 or len(stated[0]) != STATED_AXES[1]:
        return None
    return stated[0] if _broadcasts(stated[0], (1, true[0][1], 1, 1)) else None


def _of_channels(layer: Convolution | Deconvolution, stated: Shapes, true: Shapes) -> Shape | None:
    """Its group is in the file, and so are its filters."""
    group = layer.num_output if isinstance(layer, Deconvolution) else 1
    return _inferred(type(layer)(**{**_fields(layer), "group": 1}), ((stated[0][0], group, *stated[0][2:]),))


def _fields(layer: Any) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in layer.__struct_fields__}


def _pooled(layer: Pooling, stated: Shapes, true: Shapes) -> Shape | None:
    return _inferred(layer, stated)


def _permuted(layer: Permute, stated: Shapes, true: Shapes) -> Shape | None:
    return _inferred(layer, stated)


def _inferred(layer: Any, stated: Shapes) -> Shape | None:
    try:
        (top,) = layer.infer(stated)
    except ShapeError:
        return None
    return tuple(top)


def _rows(layer: Flatten | InnerProduct, stated: Shapes, true: Shapes) -> Shape | None:
    if prod(stated[0][1:]) != prod(true[0][1:]):
        return None
    return (stated[0][0], layer.num_output if isinstance(layer, InnerProduct) else prod(stated[0][1:]))


def _reshaped(layer: Reshape, stated: Shapes, true: Shapes) -> Shape | None:
    """The sizes go into the file as they are."""
    sizes = [stated[0][place] if size == 0 else size for place, size in enumerate(layer.shape)]
    if -1 in sizes:
        sizes[sizes.index(-1)] = prod(stated[0]) // prod(size for size in sizes if size != -1)
    return tuple(sizes)


def _broadcasts(first: Shape, second: Shape) -> bool:
    return len(first) == len(second) and all(
        one in (1, other) or other == 1 for one, other in zip(first, second, strict=True)
    )


_RULES: Mapping[type, Callable[[Any, Shapes, Shapes], Shape | None]] = {
    **dict.fromkeys((LRN, Power, ReLU, ReLU6, Sigmoid, Softmax, TanH), _same),
    Concat: _joined,
    Convolution: _of_channels,
    Deconvolution: _of_channels,
    Eltwise: _fitting,
    Flatten: _rows,
    InnerProduct: _rows,
    Permute: _permuted,
    Pooling: _pooled,
    Reshape: _reshaped,
    Scale: _scaled,
}
