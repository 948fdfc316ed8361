"""Resample: each line along some axes times a matrix. Resize is one, whose matrices its formula gives.

Products of matrices, whatever they are:
- The channels of a map: a 1x1 Convolution, weights (out, in, 1, 1).
- The last axis: Reshape to (all others, in) and InnerProduct, weights (out, in).
- Another axis: Reshape to (axes before, in, 1, axes behind) and a 1x1 Convolution.
Views are merged: a map resized both ways is Reshape, InnerProduct, Reshape, Convolution, Reshape. The axis that shrinks
most, or grows least, goes first, so that the second product is the smaller one.

The same products where the batch stays the batch, for readers that have none or that know no other:
- A Convolution whose windows are the lines, side by side in a map of one channel; it makes the new places channels, and
  an Exchange brings these behind the axes before.
- A Convolution whose windows are the lines, with a group and the whole matrix for each cell of the axes before.

Maps that grow to a whole number of times as many rows and columns have other forms: spread.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod

import numpy as np

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, InnerProduct
from caffe_ir.layers.source import Exchange, Resample, Resize
from caffe_ir.replacement import Replacement

ROW_AXES = 2


# ---- products of matrices -------------------------------------------------------------------------------------------


Step = tuple[int, int, Blob]
"""An axis, its new size, and its matrix."""


def _steps(new: Replacement) -> list[Step]:
    """The axis that shrinks most, or grows least, first."""
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Resample)
    return sorted(
        zip(layer.axes, layer.output_size, new.old.blobs, strict=True),
        key=lambda step: (step[1] / shape[step[0]], -step[0]),
    )


def _by_inner_products(new: Replacement) -> str:
    return _by_matrices(new, flat=True)


def _by_convolutions(new: Replacement) -> str:
    if not any(len(_view(new.shape_of(new.old.bottom), axis)) == ROW_AXES for axis, _, _ in _steps(new)):
        return "no axis is the last"
    return _by_matrices(new, flat=False)


def _by_matrices(new: Replacement, *, flat: bool) -> str:
    layer, x = new.old.layer, new.old.bottom
    shape = new.shape_of(x)
    for axis, size, matrix in _steps(new):
        view = _view(shape, axis)
        if len(view) == ROW_AXES and not flat:
            view = (*view, 1, 1)
        x = _product(new, new.view("view", x, view), size, matrix, flat=len(view) == ROW_AXES)
        shape = (*shape[:axis], size, *shape[axis + 1 :])
    new.view("shape", x, shape)
    new.note(f"{layer} -> products of matrices in {len(new.nodes)} layers")
    return ""


def _view(shape: Shape, axis: int) -> Shape:
    """The shape in which the axis is the second one."""
    if axis == 1 and len(shape) in (2, 4):
        return shape
    before, size, behind = prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
    return (before, size) if behind == 1 else (before, size, 1, behind)


def _product(new: Replacement, x: str, size: int, matrix: Blob, *, flat: bool) -> str:
    if flat:
        return new.add("columns", InnerProduct(num_output=size, bias_term=False), x, blobs=[matrix])
    weights = matrix.reshaped((*matrix.shape, 1, 1))
    return new.add("rows", Convolution(num_output=size, kernel_size=(1, 1), bias_term=False), x, blobs=[weights])


# ---- the batch stays the batch --------------------------------------------------------------------------------------


def _by_windows(new: Replacement) -> str:
    return _by_lines(new, _windows)


def _by_groups(new: Replacement) -> str:
    return _by_lines(new, _groups)


def _by_lines(new: Replacement, product: Callable[[Replacement, str, Shape, Step], str]) -> str:
    x, shape = new.old.bottom, new.shape_of(new.old.bottom)
    for axis, size, matrix in _steps(new):
        if axis == 0:
            return "it resizes the batch"
        lines = (shape[0], prod(shape[1:axis]), shape[axis], prod(shape[axis + 1 :]))
        x = product(new, x, lines, (axis, size, matrix))
        shape = (*shape[:axis], size, *shape[axis + 1 :])
    new.view("shape", x, shape)
    return ""


def _windows(new: Replacement, x: str, lines: Shape, step: Step) -> str:
    """(N, before, line, behind) -> (N, before, size, behind)."""
    (batch, before, line, behind), (_, size, matrix) = lines, step
    flat = behind == 1
    x = new.view("lines", x, (batch, 1, before, line) if flat else (batch, 1, before * line, behind))
    kernel = (1, line) if flat else (line, 1)
    layer = Convolution(num_output=size, kernel_size=kernel, stride=kernel, bias_term=False)
    x = new.add("places", layer, x, blobs=[matrix.reshaped((size, 1, *kernel))])
    if before == 1:
        return x
    x = new.view("view", x, (batch, size, before, behind))
    return new.add("exchanged", Exchange(), x)


def _groups(new: Replacement, x: str, lines: Shape, step: Step) -> str:
    (batch, before, line, behind), (_, size, matrix) = lines, step
    flat = behind == 1
    x = new.view("lines", x, (batch, before, 1, line) if flat else (batch, before, line, behind))
    kernel = (1, line) if flat else (line, 1)
    layer = Convolution(num_output=before * size, kernel_size=kernel, group=before, bias_term=False)
    shape = (before * size, 1, *kernel)
    blob = Blob.computed(shape, partial(_for_each, matrix, before, shape), constant=matrix.constant)
    return new.add("places", layer, x, blobs=[blob])


def _for_each(matrix: Blob, times: int, shape: Shape) -> Array:
    return np.tile(matrix.load(), (times, 1)).reshape(shape)


def _by_its_formula(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Resize)
    sizes = zip(layer.axes, layer.output_size, strict=True)
    blobs = [
        Blob.computed((wanted, shape[axis]), partial(layer.matrix, axis, shape[axis]), constant=True)
        for axis, wanted in sizes
    ]
    new.add("resampled", Resample(axes=layer.axes, output_size=layer.output_size), new.old.bottom, blobs=blobs)
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Resize: (Form(name="a product with a matrix along each axis", build=_by_its_formula),),
    Resample: (
        Form(name="products of matrices", build=_by_inner_products),
        Form(name="products of matrices by Convolutions", build=_by_convolutions),
        Form(name="Convolutions of lines as windows", build=_by_windows),
        Form(name="Convolutions of lines in groups", build=_by_groups),
    ),
}
