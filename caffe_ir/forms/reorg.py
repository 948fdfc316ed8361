"""Reorg, Reorg3d: blocks of cells become channels, or channels blocks, between views.

Channel k of the blocks of (C, H, W) is channel k % C at the cell (k // C // s, k // C % s) of each s x s block. Both
ways back are the same with tops and bottoms exchanged:
- One Convolution with kernel = stride = s and W[k, k % C, k // C // s, k // C % s] = 1, else 0; back, a Deconvolution
  with the same weights. There are s^4 C^2 of them.
- For each of the s^2 cells a depthwise Convolution with a single 1, one behind the other in a Concat: s^4 C weights.
  Back, the channels of each cell by a depthwise Deconvolution, which leaves 0 at all other cells, and their sum.
Darknet's [reorg] (blas.c, reorg_cpu) does that between two views, the reverse of AlexeyAB's [reorg3d] likewise; Reshape
is a view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.forms.form import Form
from caffe_ir.forms.one_hot import picking_cells
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Convolution, Deconvolution, Eltwise, Reshape, Slice
from caffe_ir.replacement import Replacement
from caffe_ir.source_layers import Reorg, Reorg3d

Move = Callable[[Replacement, str, int, int], str]
"""Adds what moves the cells of a blob: `inner` channels of blocks of so many cells in each direction; gives the top."""


def _between_views(to_channels: Move, to_blocks: Move) -> Callable[[Replacement], str]:
    def build(new: Replacement) -> str:
        layer, x = new.old.layer, new.old.bottom
        assert isinstance(layer, Reorg | Reorg3d)
        s, shape = layer.stride, new.shape_of(x)
        (top,) = layer.infer((shape,))
        if s == 1:
            return ""
        viewed = isinstance(layer, Reorg) != layer.reverse
        if viewed:
            _, c, h, w = shape
            shape = (shape[0], c // s**2, h * s, w * s)
            x = new.add("view", Reshape(shape=(0, *shape[1:])), x)
        x = to_blocks(new, x, shape[1] // s**2, s) if layer.reverse else to_channels(new, x, shape[1], s)
        if viewed:
            new.add("back", Reshape(shape=(0, *top[1:])), x)
        return ""

    return build


def _convolution(new: Replacement, x: str, inner: int, s: int) -> str:
    layer = Convolution(num_output=inner * s**2, kernel_size=(s, s), stride=(s, s), bias_term=False)
    return new.add("moved", layer, x, blobs=[_one_hot(inner, s)])


def _deconvolution(new: Replacement, x: str, inner: int, s: int) -> str:
    layer = Deconvolution(num_output=inner, kernel_size=(s, s), stride=(s, s), bias_term=False)
    return new.add("moved", layer, x, blobs=[_one_hot(inner, s)])


def _convolutions_by_cell(new: Replacement, x: str, inner: int, s: int) -> str:
    layer = Convolution(num_output=inner, kernel_size=(s, s), stride=(s, s), group=inner, bias_term=False)
    cells = [new.add(f"cell{place}", layer, x, blobs=[_cell(inner, s, place)]) for place in range(s**2)]
    return new.add("moved", Concat(axis=1), *cells)


def _deconvolutions_by_cell(new: Replacement, x: str, inner: int, s: int) -> str:
    points = tuple(range(inner, inner * s**2, inner))
    parts = new.split("part", Slice(axis=1, slice_point=points), x, tops=s**2)
    layer = Deconvolution(num_output=inner, kernel_size=(s, s), stride=(s, s), group=inner, bias_term=False)
    cells = [new.add(f"cell{place}", layer, part, blobs=[_cell(inner, s, place)]) for place, part in enumerate(parts)]
    return new.add("moved", Eltwise(operation="SUM"), *cells)


def _cell(inner: int, s: int, place: int) -> Blob:
    return picking_cells(inner, (s, s), divmod(place, s))


def _one_hot(inner: int, s: int) -> Blob:
    channels = inner * s**2
    shape = (channels, inner, s, s)

    def compute() -> Array:
        weights, k = np.zeros(shape, np.float32), np.arange(channels)
        weights[k, k % inner, k // inner // s, k // inner % s] = 1.0
        return weights

    return Blob.computed(shape, compute, constant=True)


_FORMS = (
    Form(name="a strided Convolution of ones and zeros", build=_between_views(_convolution, _deconvolution)),
    Form(
        name="a depthwise Convolution for each cell of a block",
        build=_between_views(_convolutions_by_cell, _deconvolutions_by_cell),
    ),
)
FORMS: Mapping[type[Layer], tuple[Form, ...]] = {Reorg: _FORMS, Reorg3d: _FORMS}
