"""NearestUpsample: Y[c, i, j] = x[c, i // s, j // t]."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import gcd

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Deconvolution, InnerProduct, ReLU
from caffe_ir.layers.source import NearestUpsample
from caffe_ir.replacement import Replacement

BLOCK = 16
"""Values that are multiplied at once, at most; of 4, 8, 16, 32 and 56 OpenCV 4.14 was fastest with 16."""


def _of_ones(new: Replacement) -> str:
    """The blocks that a transposed convolution scatters do not overlap where the kernel is the stride
    (deconv_layer.cpp, col2im), so each cell is written once, times 1.
    """
    layer, channels = new.old.layer, new.shape_of(new.old.bottom)[1]
    assert isinstance(layer, NearestUpsample)
    if layer.scale == (1, 1):
        return ""
    deconvolution = Deconvolution(
        num_output=channels, kernel_size=layer.scale, stride=layer.scale, group=channels, bias_term=False
    )
    shape = (channels, 1, *layer.scale)
    ones = Blob.computed(shape, partial(np.ones, shape, np.float32), constant=True)
    new.add("upsampled", deconvolution, new.old.bottom, blobs=[ones])
    return ""


def _by_copies(new: Replacement) -> str:
    """A column beside itself, t times, in a view that has each value by itself; a row below itself, s times."""
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, NearestUpsample)
    (batch, channels, height, width), (down, right) = new.shape_of(x), layer.scale
    if right > 1:
        values = new.view("values", x, (batch, channels * height * width, 1, 1))
        x = new.add("columns", Concat(axis=3), *[values] * right)
    if down > 1:
        rows = new.view("rows_apart", x, (batch, channels * height, 1, width * right))
        x = new.add("rows", Concat(axis=2), *[rows] * down)
    new.view("map", x, (batch, channels, height * down, width * right))
    return ""


def _by_products(new: Replacement) -> str:
    """Columns as `_by_copies` makes them, so many values at once: each block of a map's values times a matrix of ones.

    The blocks need not end where rows do. Rows are copied, as there. They are a blob of three axes, which ncnn takes
    for a matrix; MNN drops a Reshape in front of an InnerProduct, so a ReLU that changes nothing stands between.
    """
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, NearestUpsample)
    (batch, channels, height, width), (down, right) = new.shape_of(x), layer.scale
    block = gcd(height * width, BLOCK)
    if right == 1 or block == 1:
        return "it makes no columns, or a map has an odd number of values"
    blocks = new.view("blocks", x, (batch, channels * height * width // block, block))
    blocks = new.add("blocks_kept", ReLU(negative_slope=1.0), blocks)
    weights = Blob.computed((block * right, block), partial(_repeating, block, right), constant=True)
    columns = InnerProduct(num_output=block * right, axis=2, bias_term=False)
    x = new.add("columns", columns, blocks, blobs=[weights])
    if down > 1:
        rows = new.view("rows_apart", x, (batch, channels * height, 1, width * right))
        x = new.add("rows", Concat(axis=2), *[rows] * down)
    new.view("map", x, (batch, channels, height * down, width * right))
    return ""


def _repeating(size: int, times: int) -> Array:
    """The matrix (size * times, size) whose product has each value so many times in a row."""
    return np.repeat(np.eye(size, dtype=np.float32), times, axis=0)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    NearestUpsample: (
        Form(name="Deconvolution of ones", build=_of_ones),
        Form(name="Concat of copies", build=_by_copies),
        Form(name="InnerProduct of blocks, Concat of rows", build=_by_products),
    ),
}
