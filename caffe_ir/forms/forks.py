"""Layers of forks as what sources mean by them, and the other way round where a target has the fork's own layer.

- Upsample: NearestUpsample, times its scale where it has strides besides.
- Interp: a Resize between aligned corners; with a second blob an Interp to its size; as ncnn takes it, between half
  pixels. ncnn's Reorg: SpaceToDepth.
- X2Paddle's LRN: Caffe's, with another alpha.
- A Gather of channels: ShuffleChannel; of an axis backwards: Reverse, and the other way round.
- PassThrough: the cells of blocks.
- Normalize: x times (sum x^2 + eps)^-1/2, and a Scale. Axpy: a product and a sum.
- ConvolutionDepthwise, DepthwiseConvolution: a Convolution with a group for each channel.
- Pooling with ceil_mode: the same with round_mode. Convolution with a hole: the same with a dilation.
- Dropout with scale_train: its factor at inference.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    Axpy,
    CeilModePooling,
    ChannelReorg,
    Convolution,
    ConvolutionDepthwise,
    DepthwiseConvolution,
    HalfPixelInterp,
    HoleConvolution,
    Interp,
    MeanLRN,
    Normalize,
    PassThrough,
    Pooling,
    Power,
    ReferencedInterp,
    Reverse,
    Scale,
    ShuffleChannel,
    StrideUpsample,
    UnscaledDropout,
    Upsample,
)
from caffe_ir.layers.source import Add, Cells, CropTo, Gather, Mul, NearestUpsample, Reduce, Resize, SpaceToDepth
from caffe_ir.replacement import Replacement


def _nearest(new: Replacement) -> str:
    layer = new.old.layer
    if isinstance(layer, Upsample):
        new.add("nearest", NearestUpsample(scale=(layer.scale, layer.scale)), new.old.bottom)
        return ""
    assert isinstance(layer, StrideUpsample)
    x = new.add("nearest", NearestUpsample(scale=(layer.stride_h, layer.stride_w)), new.old.bottom)
    if layer.scale != 1:
        new.add("scaled", Power(scale=layer.scale), x)
    return ""


def _by_scale(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, NearestUpsample)
    if layer.scale[0] != layer.scale[1]:
        return "its factors differ"
    new.add("upsampled", Upsample(scale=layer.scale[0]), new.old.bottom)
    return ""


def _by_stride(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, NearestUpsample)
    new.add("upsampled", StrideUpsample(stride_h=layer.scale[0], stride_w=layer.scale[1]), new.old.bottom)
    return ""


def _resized(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Interp)
    (top,) = layer.infer((shape,))
    x, taken = new.old.bottom, (*shape[:2], *map(layer.taken, shape[2:]))
    if taken != shape:
        x = new.add("part", CropTo(top=-layer.pad_beg, left=-layer.pad_beg, height=taken[2], width=taken[3]), x)
    axes = tuple(axis for axis in (2, 3) if top[axis] != taken[axis])
    if axes:
        sizes = tuple(top[axis] for axis in axes)
        new.add("resized", Resize(mode="linear", axes=axes, output_size=sizes, align_corners=True), x)
    return ""


def _interpolated(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Resize)
    if len(shape) != 4 or min(layer.axes) < 2:
        return "it resizes no map"
    if layer.mode != "linear" or layer.antialias or not layer.align_corners:
        return "Interp is linear between aligned corners"
    (_, _, height, width) = layer.infer((shape,))[0]
    new.add("resized", Interp(height=height, width=width), new.old.bottom)
    return ""


def _between_edges(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Resize)
    if len(shape) != 4 or min(layer.axes) < 2:
        return "it resizes no map"
    (_, _, height, width) = layer.infer((shape,))[0]
    sizes = zip(layer.axes, layer.output_size, layer.scale, strict=True) if layer.scale else ()
    if any(scale and scale * shape[axis] != size for axis, size, scale in sizes):
        return "its factors are not the ratios of its sizes"
    if layer.mode != "linear" or layer.antialias or layer.align_corners:
        return "this Interp is linear between half pixels"
    new.add("resized", HalfPixelInterp(height=height, width=width), new.old.bottom)
    return ""


def _side_by_side(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, SpaceToDepth)
    if layer.mode != "CRD" or layer.block_size[0] != layer.block_size[1]:
        return "its blocks are not squares, or the place in a block comes before the channel"
    new.add("reorganised", ChannelReorg(stride=layer.block_size[0]), new.old.bottom)
    return ""


def _other_interp(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, HalfPixelInterp)
    axes = tuple(axis for axis, size in ((2, layer.height), (3, layer.width)) if size != shape[axis])
    if axes:
        sizes = tuple(layer.infer((shape,))[0][axis] for axis in axes)
        new.add("resized", Resize(mode="linear", axes=axes, output_size=sizes), new.old.bottom)
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


def _by_length(new: Replacement) -> str:
    old, layer, x = new.old, new.old.layer, new.old.bottom
    assert isinstance(layer, Normalize)
    if old.param_names:
        return "its weights are shared"
    channels, (scale,) = new.shape_of(x)[1], old.blobs
    squares = new.add("squares", Power(power=2.0), x)
    axes = (1, 2, 3) if layer.across_spatial else (1,)
    total = new.add("sum", Reduce(operation="SUM", axes=axes, keepdim=True), squares)
    inverse = new.add("inverse", Power(power=-0.5, shift=layer.eps), total)
    product = new.add("unit", Mul(), x, inverse)
    blob = Blob.computed((channels,), lambda: np.full(channels, scale.load())) if layer.channel_shared else scale
    new.add("scaled", Scale(), product, blobs=(blob,))
    return ""


def _product_and_sum(new: Replacement) -> str:
    factor, x, y = new.old.bottoms
    shape = new.shape_of(x)
    product = new.add("product", Mul(), x, new.view("factor", factor, (*shape[:2], 1, 1)))
    new.add("sum", Add(), product, y)
    return ""


def _plain_convolution(new: Replacement) -> str:
    old, layer = new.old, new.old.layer
    assert isinstance(layer, Convolution)
    plain = Convolution(**{name: getattr(layer, name) for name in Convolution.__struct_fields__})
    shared, count = old.param_names, len(old.tops)
    tops = new.split("convolved", plain, *old.bottoms, blobs=old.blobs, tops=count, param_names=shared)
    if count > 1:
        new.held = dict(zip(old.tops, tops, strict=True))
    return ""


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


def _sized(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, ReferencedInterp)
    new.add("resized", layer.sized(tuple(new.shape_of(bottom) for bottom in new.old.bottoms)), new.old.bottoms[0])
    return ""


def _rounded(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, CeilModePooling)
    new.add("pooled", Pooling(**{name: getattr(layer, name) for name in Pooling.__struct_fields__}), new.old.bottom)
    return ""


def _factor(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, UnscaledDropout)
    if layer.factor != 1:
        new.add("scaled", Power(scale=layer.factor), new.old.bottom)
    return ""


def _lrn(new: Replacement) -> str:
    assert isinstance(new.old.layer, MeanLRN)
    new.add("lrn", new.old.layer.of_caffe, new.old.bottom)
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Axpy: (Form(name="a product and a sum", build=_product_and_sum),),
    CeilModePooling: (Form(name="Pooling", build=_rounded),),
    ChannelReorg: (Form(name="cells of blocks as channels", build=_other_reorg),),
    Cells: (Form(name="PassThrough", build=_passed_through),),
    ConvolutionDepthwise: (Form(name="Convolution with a group for each channel", build=_plain_convolution),),
    DepthwiseConvolution: (Form(name="Convolution with a group for each channel", build=_plain_convolution),),
    HalfPixelInterp: (Form(name="a resize between half pixels", build=_other_interp),),
    HoleConvolution: (Form(name="Convolution with a dilation", build=_plain_convolution),),
    Gather: (Form(name="ShuffleChannel", build=_shuffled), Form(name="Reverse", build=_reversed)),
    Interp: (Form(name="a resize between aligned corners", build=_resized),),
    MeanLRN: (Form(name="LRN", build=_lrn),),
    NearestUpsample: (Form(name="Upsample", build=_by_scale), Form(name="Upsample with strides", build=_by_stride)),
    Normalize: (Form(name="a product with the inverse length", build=_by_length),),
    PassThrough: (Form(name="the cells of blocks", build=_cells),),
    ReferencedInterp: (Form(name="Interp to the size of the second blob", build=_sized),),
    Resize: (
        Form(name="Interp", build=_interpolated),
        Form(name="Interp between half pixels", build=_between_edges),
    ),
    Reverse: (Form(name="places taken backwards", build=_backwards),),
    SpaceToDepth: (Form(name="Reorg of cells side by side", build=_side_by_side),),
    StrideUpsample: (Form(name="nearest neighbours", build=_nearest),),
    UnscaledDropout: (Form(name="Power", build=_factor),),
    Upsample: (Form(name="nearest neighbours", build=_nearest),),
}
