"""Expand: a blob repeated along new axes in front and along axes of size 1.

- A product with 1 for each value, along the channels and what lies behind them: one channel to many is a 1x1
  Convolution of ones; one row or column to many a Deconvolution of ones over that many, depthwise; one column of (N, 1)
  to many an InnerProduct of ones. They are read rightly by engines that refuse or mistake Tile.
- One number for each channel to a map: a row as above, and a Concat of copies of it, which moves whole rows where a
  Deconvolution adds up number by number.
- Tile along each axis that grows. The batch grows by Tile in either form.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from caffe_ir.blob import Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Convolution, Deconvolution, InnerProduct, Tile
from caffe_ir.layers.source import Expand
from caffe_ir.replacement import Replacement

MAP_AXES, ROW_AXES = 4, 2


def _by_products(new: Replacement) -> str:
    wanted, x, shape = _ranked(new)
    if len(wanted) not in (MAP_AXES, ROW_AXES):
        return "it is for maps and rows"
    x, shape = _tiled(new, x, shape, (wanted[0], *shape[1:]))
    grows = [size != target for size, target in zip(shape, wanted, strict=True)]
    channels = wanted[1]
    if not any(grows):
        return ""
    if len(wanted) == ROW_AXES:
        new.add("spread", InnerProduct(num_output=channels, bias_term=False), x, blobs=(_ones((channels, 1)),))
    elif not any(grows[2:]):
        layer = Convolution(num_output=channels, kernel_size=(1, 1), bias_term=False)
        new.add("spread", layer, x, blobs=(_ones((channels, 1, 1, 1)),))
    else:
        kernel = tuple(size if grow else 1 for size, grow in zip(wanted[2:], grows[2:], strict=True))
        group = 1 if grows[1] else channels
        spread = Deconvolution(num_output=channels, kernel_size=kernel, group=group, bias_term=False)
        new.add("spread", spread, x, blobs=(_ones((group, channels // group, *kernel)),))
    return ""


def _by_rows(new: Replacement) -> str:
    wanted, x, shape = _ranked(new)
    if len(wanted) != MAP_AXES or shape != (*wanted[:2], 1, 1) or 1 in wanted[2:]:
        return "it is for maps of one number for each channel"
    channels, rows, columns = wanted[1:]
    layer = Deconvolution(num_output=channels, kernel_size=(1, columns), group=channels, bias_term=False)
    row = new.add("row", layer, x, blobs=(_ones((channels, 1, 1, columns)),))
    new.add("rows", Concat(axis=2), *[row] * rows)
    return ""


def _by_tiles(new: Replacement) -> str:
    wanted, x, shape = _ranked(new)
    _tiled(new, x, shape, wanted)
    return ""


def _ranked(new: Replacement) -> tuple[Shape, str, Shape]:
    """The wanted shape, the blob with as many axes, and its shape."""
    layer, x, shape = new.old.layer, new.old.bottom, new.shape_of(new.old.bottom)
    assert isinstance(layer, Expand)
    if len(shape) < len(layer.shape):
        shape = (1,) * (len(layer.shape) - len(shape)) + shape
        x = new.view("view", x, shape)
    return layer.shape, x, shape


def _tiled(new: Replacement, x: str, shape: Shape, wanted: Shape) -> tuple[str, Shape]:
    for axis, (size, target) in enumerate(zip(shape, wanted, strict=True)):
        if size != target:
            x = new.add("tiled", Tile(axis=axis, tiles=target), x)
    return x, wanted


def _ones(shape: Shape) -> Blob:
    return Blob.computed(shape, partial(np.ones, shape, np.float32), constant=True)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Expand: (
        Form(name="products with ones", build=_by_products),
        Form(name="a row of ones, Concat of rows", build=_by_rows),
        Form(name="Tile", build=_by_tiles),
    ),
}
