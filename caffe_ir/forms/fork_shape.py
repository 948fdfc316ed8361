"""Layers of forks that move numbers as what sources mean by them, and the other way round where a target has them.

- A Gather of channels: ShuffleChannel; of an axis backwards: Reverse, and the other way round.
- PassThrough: the cells of blocks. ncnn's Reorg: SpaceToDepth.
"""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import ChannelReorg, PassThrough, Reverse, ShuffleChannel
from caffe_ir.layers.source import Cells, Gather, SpaceToDepth
from caffe_ir.replacement import Replacement


def _side_by_side(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, SpaceToDepth)
    if layer.mode != "CRD" or layer.block_size[0] != layer.block_size[1]:
        return "its blocks are not squares, or the place in a block comes before the channel"
    new.add("reorganised", ChannelReorg(stride=layer.block_size[0]), new.old.bottom)
    return ""


def _other_reorg(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, ChannelReorg)
    new.add("depth", SpaceToDepth(block_size=(layer.stride, layer.stride)), new.old.bottom)
    return ""


def _shuffled(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Gather)
    if layer.axis != 1 or len(shape) != 4 or len(layer.indices) != shape[1]:
        return "it gathers no channels of a map"
    groups = (group for group in range(2, shape[1]) if shape[1] % group == 0)
    shuffles = (ShuffleChannel(group=group) for group in groups)
    found = next((one for one in shuffles if one.indices(shape[1]) == layer.indices), None)
    if found is None:
        return "it is not a shuffle of groups"
    new.add("shuffled", found, new.old.bottom)
    return ""


def _cells(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, PassThrough)
    stride = (layer.block_height, layer.block_width)
    new.add("cells", Cells(stride=stride, cells=tuple(_every_cell(stride))), new.old.bottom)
    return ""


def _passed_through(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Cells)
    if layer.cells != tuple(_every_cell(layer.stride)):
        return "its cells are in another order, or not all"
    new.add("passed", PassThrough(block_height=layer.stride[0], block_width=layer.stride[1]), new.old.bottom)
    return ""


def _every_cell(stride: tuple[int, int]) -> list[tuple[int, int]]:
    return [(dy, dx) for dy in range(stride[0]) for dx in range(stride[1])]


def _backwards(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Reverse)
    x = new.old.bottom
    for axis in layer.turned(len(shape)):
        x = new.add(f"axis{axis}", Gather(axis=axis, indices=tuple(reversed(range(shape[axis])))), x)
    return ""


def _reversed(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Gather)
    if layer.indices != tuple(reversed(range(shape[layer.axis]))):
        return "the places are not taken backwards"
    new.add("reversed", Reverse(axis=(layer.axis,)), new.old.bottom)
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Cells: (Form(name="PassThrough", build=_passed_through),),
    ChannelReorg: (Form(name="cells of blocks as channels", build=_other_reorg),),
    Gather: (Form(name="ShuffleChannel", build=_shuffled), Form(name="Reverse", build=_reversed)),
    PassThrough: (Form(name="the cells of blocks", build=_cells),),
    Reverse: (Form(name="places taken backwards", build=_backwards),),
    SpaceToDepth: (Form(name="Reorg of cells side by side", build=_side_by_side),),
}
