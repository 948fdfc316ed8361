"""Channels that become cells of blocks, cells that become channels, and channels that are shuffled.

- DepthToSpace, CRD: a depthwise Deconvolution with kernel = stride = (s, t), whose group c has the channels c s t ...
  c s t + s t - 1, each with a single 1 at its cell. SpaceToDepth, CRD: a depthwise Convolution with the same filters.
- DepthToSpace, DCR: a shuffle of s t groups brings its channels into the order of CRD; or one Deconvolution, or one for
  each of the cells (caffe_ir/forms/reorg.py). SpaceToDepth, DCR: all cells of the blocks, row by row (Cells).
- ShuffleChannel exchanges two axes of a view, groups and the channels of each; or it is a Gather of channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.exchanges import simplified, swaps
from caffe_ir.forms.form import Form
from caffe_ir.forms.reorg import BY_CELL, DENSE, deconvolution, deconvolutions_by_cell
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Deconvolution, ShuffleChannel
from caffe_ir.layers.source import Cells, DepthToSpace, Exchange, Gather, SpaceToDepth
from caffe_ir.replacement import Replacement

DEPTHWISE = "a depthwise {} of ones and zeros"
OTHER_ORDER = "the place in a block comes before the channel"


def _spread(new: Replacement) -> str:
    layer, channels = new.old.layer, new.shape_of(new.old.bottom)[1]
    assert isinstance(layer, DepthToSpace)
    if layer.mode != "CRD":
        return OTHER_ORDER
    inner, size = channels // (layer.block_size[0] * layer.block_size[1]), layer.block_size
    spreading = Deconvolution(num_output=inner, kernel_size=size, stride=size, group=inner, bias_term=False)
    new.add("spread", spreading, new.old.bottom, blobs=[_units(inner, size)])
    return ""


def _picked(new: Replacement) -> str:
    layer, channels = new.old.layer, new.shape_of(new.old.bottom)[1]
    assert isinstance(layer, SpaceToDepth)
    if layer.mode != "CRD":
        return OTHER_ORDER
    size = layer.block_size
    count = channels * size[0] * size[1]
    picking = Convolution(num_output=count, kernel_size=size, stride=size, group=channels, bias_term=False)
    new.add("picked", picking, new.old.bottom, blobs=[_units(channels, size)])
    return ""


def _units(channels: int, kernel: tuple[int, int]) -> Blob:
    """Depthwise filters, for each channel one that picks each cell."""
    shape = (channels * kernel[0] * kernel[1], 1, *kernel)
    return Blob.computed(shape, partial(_identities, shape), constant=True)


def _identities(shape: tuple[int, int, int, int]) -> Array:
    cells = shape[2] * shape[3]
    return np.tile(np.eye(cells, dtype=np.float32), (shape[0] // cells, 1)).reshape(shape)


def _shuffled_first(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, DepthToSpace)
    if layer.mode != "DCR":
        return "the channel comes before the place in a block"
    x = new.add("shuffled", ShuffleChannel(group=layer.block_size[0] * layer.block_size[1]), new.old.bottom)
    new.add("blocks", DepthToSpace(block_size=layer.block_size), x)
    return ""


def _every_cell(layer: DepthToSpace | SpaceToDepth) -> Cells:
    s, t = layer.block_size
    return Cells(stride=layer.block_size, cells=tuple((dy, dx) for dy in range(s) for dx in range(t)))


def _by(spread: Callable[[Replacement, str, int, Cells], str], new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, DepthToSpace)
    if layer.mode != "DCR":
        return "a depthwise Deconvolution does the same"
    (top,) = layer.infer((new.shape_of(new.old.bottom),))
    spread(new, new.old.bottom, top[1], _every_cell(layer))
    return ""


def _as_cells(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, SpaceToDepth)
    if layer.mode != "DCR":
        return "the channel comes before the place in a block"
    new.add("cells", _every_cell(layer), new.old.bottom)
    return ""


def _by_an_exchange(new: Replacement) -> str:
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, ShuffleChannel)
    shape = new.shape_of(x)
    for batch, rows, columns, last in swaps(*simplified(*layer.moved(shape))):
        x = new.add("exchanged", Exchange(), new.view("view", x, (batch, rows, columns, last)))
    new.view("shape", x, shape)
    return ""


def _gathered(new: Replacement) -> str:
    layer, channels = new.old.layer, new.shape_of(new.old.bottom)[1]
    assert isinstance(layer, ShuffleChannel)
    new.add("gathered", Gather(axis=1, indices=layer.indices(channels)), new.old.bottom)
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    DepthToSpace: (
        Form(name=DEPTHWISE.format("Deconvolution"), build=_spread),
        Form(name="a shuffle of channels, and the other order", build=_shuffled_first),
        Form(name=DENSE, build=partial(_by, deconvolution)),
        Form(name=BY_CELL, build=partial(_by, deconvolutions_by_cell)),
    ),
    ShuffleChannel: (
        Form(name="an exchange of axes between views", build=_by_an_exchange),
        Form(name="its channels in that order", build=_gathered),
    ),
    SpaceToDepth: (
        Form(name=DEPTHWISE.format("Convolution"), build=_picked),
        Form(name="the cells of blocks", build=_as_cells),
    ),
}
