"""The same layer in other words: axes from the front, sizes written out, functions of base e, parts by pairs.

- Softmax, Concat and Slice along an axis counted from behind; Crop with its offsets; Flatten as a Reshape, and back.
- Reshape of some axes as one of all; the batch as 0 where it stays.
- Slice into many parts as Slices into two, or each part picked by itself (a Convolution of ones and zeros); Tile as a
  Concat of the blob with itself; Split and a Concat of one blob as nothing.
- b^(s x + t) = e^(s ln b x + t ln b); log_b(s x + t) = ln(s x + t) / ln b, and ln x = ln 10 log_10 x.
- LRN: x (k + a / n S)^-b = k^-b x (1 + (a / k) / n S)^-b. Where a reader divides by n once more, with n a.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import e, log, prod

from msgspec.structs import replace

from caffe_ir.cost import FLOAT, Work
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer, axis_index
from caffe_ir.layers import (
    LRN,
    Concat,
    Crop,
    Exp,
    Flatten,
    Log,
    MeanLRN,
    Power,
    Reshape,
    Slice,
    Softmax,
    Split,
    Tile,
    reshape_to,
)
from caffe_ir.layers.source import Gather
from caffe_ir.replacement import Replacement


def _from_the_front(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottoms[0])
    assert isinstance(layer, Softmax | Concat | Slice)
    if layer.axis >= 0:
        return "its axis is counted from the front"
    counted = replace(layer, axis=axis_index(layer.axis, len(shape)))
    tops = new.split("counted", counted, *new.old.bottoms, tops=len(new.old.tops))
    if len(tops) > 1:
        new.held = dict(zip(new.old.tops, tops, strict=True))
    return ""


def _with_offsets(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottoms[0])
    assert isinstance(layer, Crop)
    if len(set(layer.offset)) > 1 or len(layer.offset) == 1:
        return "its offsets differ, or are one number"
    new.add("cut", replace(layer, offset=layer.offset[:1] or (0,)), *new.old.bottoms)
    return "" if axis_index(layer.axis, len(shape)) < len(shape) else "it crops no axis"


def _as_reshape(new: Replacement) -> str:
    shape = new.shape_of(new.old.bottom)
    (top,) = new.old.layer.infer((shape,))
    if new.old.layer == (written := reshape_to(top, shape)):
        return "its sizes are written out"
    new.add("view", written, new.old.bottom)
    return ""


def _as_flatten(new: Replacement) -> str:
    """For readers that want a Reshape of four sizes."""
    shape = new.shape_of(new.old.bottom)
    (top,) = new.old.layer.infer((shape,))
    if len(top) != 2 or top[:1] != shape[:1]:  # a number alone has no axis
        return "it makes no rows of the pictures"
    new.add("rows", Flatten(), new.old.bottom)
    return ""


def _by_twos(new: Replacement) -> str:
    """Halves of halves: of n parts each number is moved log2 n times, and halves alike are priced once."""
    layer = new.old.layer
    assert isinstance(layer, Slice)
    if len(layer.slice_point) < 2:
        return "it has two parts"

    def parts(blob: str, begin: int, points: Sequence[int]) -> list[str]:
        if not points:
            return [blob]
        middle = len(points) // 2
        point = points[middle]
        low, high = new.split("part", replace(layer, slice_point=(point - begin,)), blob, tops=2)
        return parts(low, begin, points[:middle]) + parts(high, point, points[middle + 1 :])

    new.held = dict(zip(new.old.tops, parts(new.old.bottom, 0, layer.slice_point), strict=True))
    return ""


def _picked(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Slice)
    axis = axis_index(layer.axis, len(shape))
    bounds = pairwise((0, *layer.slice_point, shape[axis]))
    parts = [new.add("part", Gather(axis=axis, indices=tuple(range(*part))), new.old.bottom) for part in bounds]
    new.held = dict(zip(new.old.tops, parts, strict=True))
    return ""


def _at_least_all_for_each(new: Replacement) -> Work:
    """A layer for each part, which reads the whole blob."""
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Slice)
    count = len(layer.slice_point) + 1
    return Work(bytes=float(FLOAT * count * prod(shape)), layers=count)


def _copies(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Tile)
    new.add("copies", Concat(axis=layer.axis), *(new.old.bottom,) * layer.tiles)
    return ""


def _nothing(new: Replacement) -> str:
    layer = new.old.layer
    if isinstance(layer, Concat) and len(new.old.bottoms) > 1:
        return "it joins several blobs"
    if any(new.net.is_output(top) for top in new.old.tops):
        return "the net gives its tops"
    return ""


def _base_e(new: Replacement) -> str:
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, Exp)
    if layer == Exp():
        return "it is e^x"
    base = 1.0 if layer.base == -1 else log(layer.base)
    x = new.add("exponent", Power(scale=layer.scale * base, shift=layer.shift * base), x)
    new.add("exp", Exp(), x)
    return ""


def _natural(new: Replacement) -> str:
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, Log)
    if layer == Log():
        return "it is the natural logarithm"
    if (layer.scale, layer.shift) != (1.0, 0.0):
        x = new.add("argument", Power(scale=layer.scale, shift=layer.shift), x)
    x = new.add("log", Log(), x)
    if layer.base != -1:
        new.add("log_base", Power(scale=1 / log(layer.base)), x)
    return ""


def _with_base(new: Replacement) -> str:
    """MNN takes Caffe's -1 for no logarithm at all; e as float32 is off by 3e-8."""
    layer = new.old.layer
    assert isinstance(layer, Log)
    if layer.base != -1:
        return "it is not the natural logarithm"
    new.add("log", replace(layer, base=e), new.old.bottom)
    return ""


def _decadic(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Log)
    if layer.base != -1:
        return "it is not the natural logarithm"
    x = new.add("log10", Log(base=10.0, scale=layer.scale, shift=layer.shift), new.old.bottom)
    new.add("log", Power(scale=log(10.0)), x)
    return ""


def _of_one(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, LRN)
    if layer.k in (0.0, 1.0) or layer.k < 0 or layer.norm_region != "ACROSS_CHANNELS":
        return "its k is 1, or is not read"
    x = new.add("lrn", replace(layer, k=1.0, alpha=layer.alpha / layer.k), new.old.bottom)
    new.add("factor", Power(scale=layer.k**-layer.beta), x)
    return ""


def _times_its_size(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, LRN)
    if layer.norm_region != "ACROSS_CHANNELS":
        return "its windows are within channels"
    alpha, size = layer.alpha * layer.local_size, layer.local_size
    new.add("lrn", MeanLRN(local_size=size, alpha=alpha, beta=layer.beta, k=layer.k), new.old.bottom)
    return ""


def _by_the_sum(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, MeanLRN)
    size = layer.local_size
    new.add("lrn", LRN(local_size=size, alpha=layer.alpha / size, beta=layer.beta, k=layer.k), new.old.bottom)
    return ""


AXIS = Form(name="its axis counted from the front", build=_from_the_front)
FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Concat: (AXIS, Form(name="nothing", build=_nothing)),
    Crop: (Form(name="an offset", build=_with_offsets),),
    Exp: (Form(name="e to a multiple", build=_base_e),),
    Flatten: (Form(name="Reshape", build=_as_reshape),),
    LRN: (
        Form(name="LRN with k 1, times k to the power of -beta", build=_of_one),
        Form(name="LRN with local_size times alpha", build=_times_its_size),
    ),
    Log: (
        Form(name="a multiple of the natural logarithm", build=_natural),
        Form(name="its base written", build=_with_base, loss=lambda layer: 3e-8),
        Form(name="a multiple of the logarithm to base 10", build=_decadic),
    ),
    MeanLRN: (Form(name="LRN with alpha over local_size", build=_by_the_sum),),
    Reshape: (Form(name="Reshape with all sizes", build=_as_reshape), Form(name="Flatten", build=_as_flatten)),
    Slice: (
        AXIS,
        Form(name="Slices into two, again and again", build=_by_twos),
        Form(name="each part picked by itself", build=_picked, least=_at_least_all_for_each),
    ),
    Softmax: (AXIS,),
    Split: (Form(name="nothing", build=_nothing),),
    Tile: (Form(name="Concat of copies", build=_copies),),
}
