"""Resample -> a product of matrices for each axis, between views.

- The channels of a map: a 1x1 Convolution, weights (out, in, 1, 1).
- The last axis: Reshape to (all others, in) and InnerProduct, weights (out, in).
- Another axis: Reshape to (axes before, in, 1, axes behind) and a 1x1 Convolution.

Views are merged: a map resized both ways is Reshape, InnerProduct, Reshape, Convolution, Reshape. The axis that shrinks
most, or grows least, goes first, so that the second product is the smaller one.
"""

from __future__ import annotations

from math import prod

from caffe_ir.blob import Blob, Shape
from caffe_ir.layers import Convolution, InnerProduct, Reshape
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.source_layers import Resample


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, shape = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, Resample)
    new, x, held = Replacement(net=net, old=node), node.bottom, shape
    steps = sorted(
        zip(layer.axes, layer.output_size, node.blobs, strict=True),
        key=lambda step: (step[1] / shape[step[0]], -step[0]),
    )
    for axis, size, matrix in steps:
        view = _view(shape, axis)
        if view != held:
            x = new.add("view", Reshape(shape=_dims(view, held)), x)
        x = _product(new, x, size, matrix, flat=len(view) == 2)
        shape = (*shape[:axis], size, *shape[axis + 1 :])
        held = (view[0], size, *view[2:])
    if held != shape:
        new.add("shape", Reshape(shape=_dims(shape, held)), x)
    new.finish()
    net.note("lowered", f"{layer} -> products of matrices in {len(new.nodes)} layers", node.origin)


def _view(shape: Shape, axis: int) -> Shape:
    """The shape in which the axis is the second one."""
    if axis == 1 and len(shape) in (2, 4):
        return shape
    before, size, behind = prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
    return (before, size) if behind == 1 else (before, size, 1, behind)


def _dims(view: Shape, held: Shape) -> Shape:
    """As Reshape spells it: 0 for a batch that stays."""
    return (0, *view[1:]) if view[0] == held[0] else view


def _product(new: Replacement, x: str, size: int, matrix: Blob, *, flat: bool) -> str:
    if flat:
        return new.add("columns", InnerProduct(num_output=size, bias_term=False), x, blobs=[matrix])
    weights = matrix.reshaped((*matrix.shape, 1, 1))
    return new.add("rows", Convolution(num_output=size, kernel_size=(1, 1), bias_term=False), x, blobs=[weights])


RESAMPLE = Pass(name="resample", visits=(Resample,), rewrite=_rewrite)
