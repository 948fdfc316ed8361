"""Standardize -> Reduce, Sub, Power and Mul, on a view of four axes.

    c = x - mean(x),   y = c * (mean(c^2) + eps)^-1/2

MVN is another function: it adds its eps to the root (mvn_layer.cpp), and half of the programs that read Caffe files
compute it otherwise still. mean(x^2) - mean(x)^2 would save a subtraction, and loses all digits where the mean is
large. The view has the axes in question as its rows and columns, as its channels, or as its columns, whichever the
shape allows, because the means and the sums that follow are read rightly by most engines on those.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from caffe_ir.blob import Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Power, Reshape
from caffe_ir.layers.source import Mul, Reduce, Standardize, Sub
from caffe_ir.replacement import Replacement


def _by_means(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Standardize)
    view, axes = _view(shape, layer.axes)
    mean = Reduce(operation="MEAN", axes=axes, keepdim=True)
    x = new.old.bottom if view == shape else new.add("view", Reshape(shape=view), new.old.bottom)
    centred = new.add("centred", Sub(), x, new.add("mean", mean, x))
    variance = new.add("variance", mean, new.add("squares", Power(power=2.0), centred))
    y = new.add("product", Mul(), centred, new.add("inverse", Power(power=-0.5, shift=layer.eps), variance))
    if view != shape:
        new.add("shape", Reshape(shape=(0, *shape[1:])), y)
    return ""


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


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Standardize: (Form(name="means and a product", build=_by_means),),
}
