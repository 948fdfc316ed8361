"""Standardize for readers with a layer that divides by a length, and no root: y = (x - mean) / sqrt(variance + eps).

With c = x - mean(x) over M cells, and cells of a constant beside them:

- Normalize divides by the root of the sum of the squares of all channels. The M cells of c and one of sqrt(M eps),
  as channels: c sqrt(M) / sqrt(sum(c^2) + M eps). Its own eps is taken off that of the cell.
- MVN divides by the deviation of a channel's cells. c and two of +-sqrt(M eps / 2), whose mean is 0 too: their variance
  is M (variance + eps) / (M + 2), so that y is MVN of them times sqrt(M / (M + 2)).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod, sqrt

import numpy as np

from caffe_ir.blob import Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import MVN, Concat, Normalize, Power, Scale
from caffe_ir.layers.source import CropTo, Exchange, Reduce, Standardize, Sub
from caffe_ir.replacement import Replacement

APART = "the axes have others between them, or are the images"
NO_ROOM = "eps is {:g}, which leaves no cell beside the others"


def _by_normalize(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Standardize)
    if (rows := _rows(shape, layer.axes)) is None:
        return APART
    cells, division = rows[2], Normalize(across_spatial=False, channel_shared=False)
    if (square := cells * layer.eps - float(division.eps)) <= 0:
        return NO_ROOM.format(layer.eps)
    x = new.add("channels", Exchange(), _beside(new, rows, sqrt(square)))
    factors = Blob.of(np.full(cells + 1, sqrt(cells)), constant=True)
    x = new.add("back", Exchange(), new.add("divided", division, x, blobs=[factors]))
    _finished(new, x, rows, shape)
    return ""


def _by_mvn(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Standardize)
    if (rows := _rows(shape, layer.axes)) is None:
        return APART
    if layer.eps <= 0:
        return NO_ROOM.format(layer.eps)
    cells = rows[2]
    beside = sqrt(cells * layer.eps / 2)
    x = new.add("divided", MVN(eps=0.0), _beside(new, rows, beside, -beside))
    x = new.add("factor", Power(scale=sqrt(cells / (cells + 2))), x)
    _finished(new, x, rows, shape)
    return ""


def _rows(shape: Shape, axes: tuple[int, ...]) -> Shape | None:
    """(images, what stays apart, the cells of a mean, 1); None where there is no such view."""
    start, stop = axes[0], axes[-1] + 1
    if start == 0 or len(axes) != stop - start or prod(shape[stop:]) != 1:
        return None
    return (shape[0], prod(shape[1:start]), prod(shape[start:stop]), 1)


def _beside(new: Replacement, rows: Shape, *numbers: float) -> str:
    """The cells less their mean, with these numbers behind them."""
    x = new.view("view", new.old.bottom, rows)
    mean = new.add("mean", Reduce(operation="MEAN", axes=(2,), keepdim=True), x)
    zeros = Blob.of(np.zeros(rows[1]), constant=True)
    constants = [
        new.add(f"constant_{place}", Scale(bias_term=True), mean, blobs=[zeros, Blob.of(number, constant=True)])
        for place, number in enumerate(np.full((len(numbers), rows[1]), np.array(numbers)[:, None]))
    ]
    return new.add("cells", Concat(axis=2), new.add("centred", Sub(), x, mean), *constants)


def _finished(new: Replacement, x: str, rows: Shape, shape: Shape) -> None:
    """The cells alone, in the shape of the bottom."""
    part = new.add("part", CropTo(top=0, left=0, height=rows[2], width=1), x)
    new.view("shape", part, shape)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Standardize: (
        Form(name="Normalize of the cells less their mean", build=_by_normalize),
        Form(name="MVN of the cells less their mean", build=_by_mvn),
    ),
}
