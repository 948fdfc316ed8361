"""Cells, Reorg, Reorg3d: cells of blocks become channels, or channels blocks, between views.

- One Convolution with kernel = stride = (s, t) and W[p C + c, c, cells[p]] = 1, else 0; back, a Deconvolution with the
  same weights. There are s t C of them for each of the channels.
- For each of the cells a depthwise Convolution with a single 1, one behind the other in a Concat: s t weights for each
  channel. Back, the channels of each cell by a depthwise Deconvolution, which leaves 0 at all other cells, and their
  sum.
Darknet's [reorg] (blas.c, reorg_cpu) takes all cells, row by row, between two views, and the reverse of AlexeyAB's
[reorg3d] is the way back between two views; Reshape is a view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.forms.form import Form
from caffe_ir.forms.one_hot import picking_cells
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Convolution, Deconvolution, Eltwise, Reshape, Slice
from caffe_ir.layers.source import Cells, Reorg, Reorg3d
from caffe_ir.replacement import Replacement

Move = Callable[[Replacement, str, int, Cells], str]
"""Adds what moves a blob's cells, of so many channels where they stand in blocks; gives the top."""


def _taken(to_channels: Move) -> Callable[[Replacement], str]:
    def build(new: Replacement) -> str:
        layer, x = new.old.layer, new.old.bottom
        assert isinstance(layer, Cells)
        if (layer.stride, layer.cells) != ((1, 1), ((0, 0),)):
            to_channels(new, x, new.shape_of(x)[1], layer)
        return ""

    return build


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
        cells = Cells(stride=(s, s), cells=tuple((dy, dx) for dy in range(s) for dx in range(s)))
        x = to_blocks(new, x, shape[1] // s**2, cells) if layer.reverse else to_channels(new, x, shape[1], cells)
        if viewed:
            new.add("back", Reshape(shape=(0, *top[1:])), x)
        return ""

    return build


def _convolution(new: Replacement, x: str, inner: int, cells: Cells) -> str:
    count = inner * len(cells.cells)
    layer = Convolution(num_output=count, kernel_size=cells.stride, stride=cells.stride, bias_term=False)
    return new.add("moved", layer, x, blobs=[_one_hot(inner, cells)])


def deconvolution(new: Replacement, x: str, inner: int, cells: Cells) -> str:
    """One Deconvolution that puts every channel (inner cells, H, W) at its cell of (inner, H stride, W stride)."""
    layer = Deconvolution(num_output=inner, kernel_size=cells.stride, stride=cells.stride, bias_term=False)
    return new.add("moved", layer, x, blobs=[_one_hot(inner, cells)])


def _convolutions_by_cell(new: Replacement, x: str, inner: int, cells: Cells) -> str:
    kernel = cells.stride
    layer = Convolution(num_output=inner, kernel_size=kernel, stride=kernel, group=inner, bias_term=False)
    parts = [
        new.add(f"cell{place}", layer, x, blobs=[picking_cells(inner, kernel, cell)])
        for place, cell in enumerate(cells.cells)
    ]
    return parts[0] if len(parts) == 1 else new.add("moved", Concat(axis=1), *parts)


def deconvolutions_by_cell(new: Replacement, x: str, inner: int, cells: Cells) -> str:
    """The same, a Deconvolution with a group a channel for each cell, and their sum: no weights across channels."""
    kernel, count = cells.stride, len(cells.cells)
    parts = new.split("part", Slice(axis=1, slice_point=tuple(range(inner, inner * count, inner))), x, tops=count)
    layer = Deconvolution(num_output=inner, kernel_size=kernel, stride=kernel, group=inner, bias_term=False)
    placed = [
        new.add(f"cell{place}", layer, part, blobs=[picking_cells(inner, kernel, cell)])
        for place, (part, cell) in enumerate(zip(parts, cells.cells, strict=True))
    ]
    return new.add("moved", Eltwise(operation="SUM"), *placed)


def _one_hot(inner: int, cells: Cells) -> Blob:
    shape = (inner * len(cells.cells), inner, *cells.stride)

    def compute() -> Array:
        weights, channels = np.zeros(shape, np.float32), np.arange(inner)
        for place, (dy, dx) in enumerate(cells.cells):
            weights[place * inner + channels, channels, dy, dx] = 1.0
        return weights

    return Blob.computed(shape, compute, constant=True)


DENSE, BY_CELL = "a strided Convolution of ones and zeros", "a depthwise Convolution for each cell of a block"
_REORG = (
    Form(name=DENSE, build=_between_views(_convolution, deconvolution)),
    Form(name=BY_CELL, build=_between_views(_convolutions_by_cell, deconvolutions_by_cell)),
)
FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Cells: (Form(name=DENSE, build=_taken(_convolution)), Form(name=BY_CELL, build=_taken(_convolutions_by_cell))),
    Reorg: _REORG,
    Reorg3d: _REORG,
}
