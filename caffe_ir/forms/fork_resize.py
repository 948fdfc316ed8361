"""Resizing layers of forks as what sources mean by them, and the other way round where a target has the fork's own.

- Upsample: NearestUpsample, times its scale where it has strides besides.
- Interp: a Resize between aligned corners; with a second blob an Interp to its size; as ncnn takes it, between half
  pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import HalfPixelInterp, Interp, Power, ReferencedInterp, StrideUpsample, Upsample
from caffe_ir.layers.source import CropTo, NearestUpsample, Resize
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


def _other_interp(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, HalfPixelInterp)
    axes = tuple(axis for axis, size in ((2, layer.height), (3, layer.width)) if size != shape[axis])
    if axes:
        sizes = tuple(layer.infer((shape,))[0][axis] for axis in axes)
        new.add("resized", Resize(mode="linear", axes=axes, output_size=sizes), new.old.bottom)
    return ""


def _sized(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, ReferencedInterp)
    new.add("resized", layer.sized(tuple(new.shape_of(bottom) for bottom in new.old.bottoms)), new.old.bottoms[0])
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    HalfPixelInterp: (Form(name="a resize between half pixels", build=_other_interp),),
    Interp: (Form(name="a resize between aligned corners", build=_resized),),
    NearestUpsample: (Form(name="Upsample", build=_by_scale), Form(name="Upsample with strides", build=_by_stride)),
    ReferencedInterp: (Form(name="Interp to the size of the second blob", build=_sized),),
    Resize: (
        Form(name="Interp", build=_interpolated),
        Form(name="Interp between half pixels", build=_between_edges),
    ),
    StrideUpsample: (Form(name="nearest neighbours", build=_nearest),),
    Upsample: (Form(name="nearest neighbours", build=_nearest),),
}
