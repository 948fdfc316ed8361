"""Layers on blobs of more than four axes -> the same on views of four, where all that share such blobs have one.

    YOLOv5 decodes (N, anchors, numbers, rows, columns): Permute, Sigmoid, Slice, Power, Scale, Concat

Many readers of Caffe files take four axes at most, and some crash at a fifth. What a layer does to axes that stay
together it does to their product:
- value by value: whatever the axes are;
- Slice, Concat, Softmax and Scale along some axes: those before, these, and those behind, each as one;
- Permute: axes that stay neighbours as one, the batch by itself.
The views between two such layers are views of views, which `reshape` joins. A group in which one layer has no such
view, or one blob is an output of the net, stays as it is: views to and fro would be all that is won.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.exchanges import simplified
from caffe_ir.layer import Layer, axis_index
from caffe_ir.layers import Concat, Eltwise, Flatten, Reshape, Scale, Slice, Softmax
from caffe_ir.layers.bvlc.activation import Elementwise
from caffe_ir.layers.source import Add, Div, Maximum, Minimum, Mul, Permute, Sub
from caffe_ir.layers.source.activation import Activation
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.replacement import Replacement

FEW = 4
VALUE_BY_VALUE = (Elementwise, Activation, Eltwise, Add, Sub, Mul, Div, Maximum, Minimum)
VIEWS = (Reshape, Flatten)

View = Callable[[Shape], Shape]
Seen = tuple[Layer, View]
"""A layer on blobs of few axes, and the view of each blob that it reads."""


def _run(net: Net, context: Context) -> None:
    for group in _groups(net):
        seen = {node.name: found for node in group if (found := _seen(net, node))}
        if all(node.name in seen or isinstance(node.layer, VIEWS) for node in group):
            for node in [node for node in group if node.name in seen]:
                _rewrite(net, node, *seen[node.name])


def _groups(net: Net) -> Iterator[list[Node]]:
    """The nodes that blobs of many axes join with each other, where none of these blobs is an output."""
    groups = list[tuple[set[str], list[Node]]]()
    for node in net.nodes:
        blobs, nodes = {blob for blob in (*node.bottoms, *node.tops) if len(net.shapes[blob]) > FEW}, [node]
        if not blobs:
            continue
        for group in [group for group in groups if group[0] & blobs]:
            groups.remove(group)
            blobs, nodes = blobs | group[0], [*group[1], *nodes]
        groups.append((blobs, nodes))
    yield from (nodes for blobs, nodes in groups if not any(map(net.is_output, blobs)))


def _seen(net: Net, node: Node) -> Seen | None:
    """How a node of a group is seen through few axes; None where it has no such view."""
    layer, shapes = node.layer, net.shapes_of(node.bottoms)
    axes = len(shapes[0]) if shapes else 0
    if node.param_names:  # the layers that share weights read them in one shape
        return None
    if isinstance(layer, VALUE_BY_VALUE) and len(set(shapes)) == 1:
        return layer, _around(axes - 1, axes)
    if isinstance(layer, Slice | Concat | Softmax) and (axis := axis_index(layer.axis, axes)):
        return replace(layer, axis=_place(axis)), _around(axis, axis + 1)
    if isinstance(layer, Scale) and len(shapes) == 1 and (axis := axis_index(layer.axis, axes)):
        factors = len(layer.blob_shapes(shapes)[0])
        return replace(layer, axis=_place(axis), num_axes=1), _around(axis, axis + factors)
    if isinstance(layer, Permute) and layer.order[0] == 0:
        return _permuted(layer, shapes[0])
    return None


def _around(start: int, end: int) -> View:
    """The batch, the axes before some, these, and those behind; without axes before, an axis of 1 behind."""

    def view(shape: Shape) -> Shape:
        before, these, behind = prod(shape[1:start]), prod(shape[start:end]), prod(shape[end:])
        return (shape[0], before, these, behind) if start > 1 else (shape[0], these, behind, 1)

    return view


def _place(axis: int) -> int:
    """Where the axes from this one on are in that view."""
    return min(axis, 2)


def _permuted(layer: Permute, shape: Shape) -> Seen | None:
    sizes, order = simplified(shape[1:], tuple(axis - 1 for axis in layer.order[1:]))
    missing = FEW - 1 - len(sizes)
    if missing < 0:
        return None
    turned = (0, *(axis + 1 for axis in order), *range(FEW - missing, FEW))
    return Permute(order=turned), lambda shape: (shape[0], *sizes, *(1,) * missing)


def _rewrite(net: Net, node: Node, layer: Layer, view: View) -> None:
    new = Replacement(net=net, old=node)
    bottoms = [new.view("few_axes", bottom, view(net.shapes[bottom])) for bottom in node.bottoms]
    blobs = [blob.reshaped((prod(blob.shape),)) for blob in node.blobs]
    tops = new.split("values", layer, *bottoms, blobs=blobs, tops=len(node.tops))
    new.finish_tops({top: new.view("axes", made, net.shapes[top]) for top, made in zip(node.tops, tops, strict=True)})


FEW_AXES = NetPass(name="few_axes", run=_run)
