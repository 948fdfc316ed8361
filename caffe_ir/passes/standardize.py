"""Standardize -> Reduce, Sub, Power and Mul, on a view of four axes.

    c = x - mean(x),   y = c * (mean(c^2) + eps)^-1/2

MVN is another function: it adds its eps to the root (mvn_layer.cpp), and half of the programs that read Caffe files
compute it otherwise still. mean(x^2) - mean(x)^2 would save a subtraction, and loses all digits where the mean is
large. The view has the axes in question as its rows and columns, as its channels, or as its columns, whichever the
shape allows, because the means and the sums that follow are read rightly by most engines on those.
"""

from __future__ import annotations

from math import prod

from caffe_ir.blob import Shape
from caffe_ir.layers import Power, Reshape
from caffe_ir.layers.source import Mul, Reduce, Standardize, Sub
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, shape = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, Standardize)
    view, axes = _view(shape, layer.axes)
    new = Replacement(net=net, old=node)
    x = node.bottom if view == shape else new.add("view", Reshape(shape=view), node.bottom)
    mean = new.add("mean", Reduce(operation="MEAN", axes=axes, keepdim=True), x)
    centred = new.add("centred", Sub(), x, mean)
    squares = new.add("squares", Power(power=2.0), centred)
    variance = new.add("variance", Reduce(operation="MEAN", axes=axes, keepdim=True), squares)
    inverse = new.add("inverse", Power(power=-0.5, shift=layer.eps), variance)
    new.add("product", Mul(), centred, inverse)
    if view != shape:
        new.add("shape", Reshape(shape=(0, *shape[1:])), new.nodes[-1].top)
    new.finish()
    net.note("lowered", f"{layer} -> sums and means of {len(new.nodes)} layers", node.origin)


def _view(shape: Shape, axes: tuple[int, ...]) -> tuple[Shape, tuple[int, ...]]:
    """Four axes with the same numbers in the same order, and which of them are meant; axes that are apart stay."""
    start, stop = axes[0], axes[-1] + 1
    if start == 0 or len(axes) != stop - start or (len(shape) == 4 and axes != (1, 2, 3)):
        return shape, axes
    batch, before, meant, behind = shape[0], prod(shape[1:start]), shape[start:stop], prod(shape[stop:])
    if behind > 1:
        return ((batch, *meant, behind, 1), (1,)) if start + 1 == stop == 2 else _middle(batch, before, meant, behind)
    if start == 1 and len(meant) > 1:
        return (batch, 1, prod(meant[:-1]), meant[-1]), (2, 3)
    return (batch, 1, before, prod(meant)), (3,)


def _middle(batch: int, before: int, meant: Shape, behind: int) -> tuple[Shape, tuple[int, ...]]:
    return (batch, before, prod(meant), behind), (2,)


STANDARDIZE = Pass(name="standardize", visits=(Standardize,), rewrite=_rewrite)
