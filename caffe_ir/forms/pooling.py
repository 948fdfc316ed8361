"""WindowPool -> Pooling, where Caffe's windows are the wanted ones.

Caffe (pooling_layer.cpp:92-118) takes, per axis, the windows i s - p .. i s - p + k clipped to the image, and as many
as ceil((size + 2 p - k) / s) + 1, less one that would begin behind the padding if either axis is padded.
- One window that holds the whole image: global pooling.
- MAX: what lies outside never counts, so two windows are equal when their cells inside the image are. Any p < k will
  do for which the wanted windows are a contiguous run o .. o + n of Caffe's: all of them, or the rest is cut off. The
  least padding is taken.
  Where windows leave cells out between them, the cells that they take may be picked first, and are all taken then.
- AVE: Pooling divides by the part inside the declared padding, but half of the programs that read Caffe files take
  clipped or padded windows otherwise. So it is written only where no window leaves the image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.forms.form import Form
from caffe_ir.forms.reduce import MANY, part_of
from caffe_ir.geometry import caffe_pool_output
from caffe_ir.layer import Layer
from caffe_ir.layers import Pooling
from caffe_ir.layers.source import CropTo, Gather, WindowPool
from caffe_ir.replacement import Replacement

AXES: tuple[Literal[0, 1], Literal[0, 1]] = (0, 1)
Pair = tuple[int, int]


class Fit(Struct, frozen=True, kw_only=True):
    """One way to find the wanted windows of one axis among Caffe's: they are those from `offset` on."""

    kernel: int
    pad: int
    offset: int


class Windows(Struct, frozen=True, kw_only=True, order=True):
    """Windows of Caffe's among which the wanted ones are; the smallest are the best."""

    cropped: bool
    padding: int
    kernel: Pair
    pad: Pair
    offset: Pair


def _global(new: Replacement) -> str:
    layer, bottom = _asked(new)
    if not all(_takes_whole(layer, axis, bottom[2 + axis]) for axis in AXES):
        return "no window holds the whole image"
    if layer.pool == "AVE" and layer.divisors(bottom).item() != bottom[2] * bottom[3]:
        return "it divides by another number than that of the cells"
    x = new.old.bottom
    if layer.pool == "AVE" and bottom[2] * bottom[3] > MANY:
        x = _parts(new, x, bottom)
    new.add("pool", Pooling(pool=layer.pool, kernel_size=(), global_pooling=True), x)
    return ""


def _parts(new: Replacement, x: str, bottom: Shape) -> str:
    """The means of equal parts of a map: BVLC Caffe adds up in float32, one number after the other."""
    kernel = (part_of(bottom[2]), part_of(bottom[3]))
    return x if kernel == (1, 1) else new.add("parts", Pooling(pool="AVE", kernel_size=kernel, stride=kernel), x)


def _of_the_same_windows(new: Replacement) -> str:
    layer, bottom = _asked(new)
    if layer.pool == "AVE":
        return _mean(new, layer, bottom)
    found = [windows for windows in _choices(layer, bottom) if not windows.cropped]
    return _maximum(new, layer, new.old.bottom, found)


def _of_more_windows(new: Replacement) -> str:
    layer, bottom = _asked(new)
    if layer.pool == "AVE":
        return "it is not a maximum"
    return _maximum(new, layer, new.old.bottom, [windows for windows in _choices(layer, bottom) if windows.cropped])


def _of_picked_cells(new: Replacement) -> str:
    layer, _ = _asked(new)
    if layer.pool == "AVE":
        return "it is not a maximum"
    x, strided = add_picked(new, layer)
    return "its windows leave no cells out" if x == new.old.bottom else add_maximum(new, strided, x)


def add_picked(new: Replacement, layer: WindowPool) -> tuple[str, WindowPool]:
    """Pick the cells that windows take where they leave others out between them; gives these, and windows over them."""
    x, bottom, strides = new.old.bottom, new.shape_of(new.old.bottom), list(layer.stride)
    for axis in AXES:
        kernel, stride, count = layer.kernel_size[axis], layer.stride[axis], layer.output_size[axis]
        inside = layer.begin[axis] == 0 and (count - 1) * stride + kernel <= bottom[2 + axis]
        if kernel < stride and layer.dilation[axis] == 1 and inside:
            indices = tuple(window * stride + cell for window in range(count) for cell in range(kernel))
            x, strides[axis] = new.add("picked", Gather(axis=2 + axis, indices=indices), x), kernel
    return x, replace(layer, stride=(strides[0], strides[1]))


def add_maximum(new: Replacement, layer: WindowPool, x: str) -> str:
    """Add a maximum over undilated windows, as Pooling and, where need be, a crop; the reason if none fits."""
    return _maximum(new, layer, x, list(_choices(layer, new.shape_of(x))))


def _asked(new: Replacement) -> tuple[WindowPool, Shape]:
    """The layer, and the shape of its bottom."""
    layer = new.old.layer
    assert isinstance(layer, WindowPool)
    return layer, new.shape_of(new.old.bottom)


def _takes_whole(layer: WindowPool, axis: Literal[0, 1], size: int) -> bool:
    """Whether there is one window on an axis, and it holds all of its cells."""
    return layer.output_size[axis] == 1 and layer.cells(axis, size)[1].item() == size


def _maximum(new: Replacement, layer: WindowPool, x: str, found: list[Windows]) -> str:
    if not found:
        return "no windows of Caffe's Pooling hold the same cells"
    best = min(found)
    x = new.add("ceil", Pooling(pool="MAX", kernel_size=best.kernel, stride=layer.stride, pad=best.pad), x)
    if best.cropped:
        (top, left), (height, width) = best.offset, layer.output_size
        new.add("crop", CropTo(top=top, left=left, height=height, width=width), x)
    return ""


def _choices(layer: WindowPool, bottom: Shape) -> Iterator[Windows]:
    size, wanted = (bottom[2], bottom[3]), layer.output_size
    for rows, columns in product(*(_fits(layer, axis, size[axis]) for axis in AXES)):
        kernel, pad = (rows.kernel, columns.kernel), (rows.pad, columns.pad)
        offset = (rows.offset, columns.offset)
        made = caffe_pool_output(size, kernel, layer.stride, pad)
        if all(offset[axis] + wanted[axis] <= made[axis] for axis in AXES):
            yield Windows(cropped=made != wanted, padding=sum(pad), kernel=kernel, pad=pad, offset=offset)


def _fits(layer: WindowPool, axis: Literal[0, 1], size: int) -> Iterator[Fit]:
    """The pads under which Caffe's windows hold the wanted ones in a row, from the least on.

    Caffe's window o + i begins at (o + i) s - p, so p = begin + o s; where all windows hold the whole image, others
    would do as well. Every further stride of padding puts one window before the wanted ones and one behind them: no
    more of it is of use than windows are missing, and one more where Caffe leaves out the last one.
    """
    if _takes_whole(layer, axis, size):
        yield Fit(kernel=size, pad=0, offset=0)
        return
    kernel, stride, begin = layer.kernel_size[axis], layer.stride[axis], layer.begin[axis]
    if layer.dilation[axis] > 1 < kernel:
        return
    made = caffe_pool_output((size, size), (kernel, kernel), (stride, stride), (begin, begin))[0]
    most = max(0, layer.output_size[axis] - made) + 1
    for offset in range(most + 1):
        if begin + offset * stride < kernel:
            yield Fit(kernel=kernel, pad=begin + offset * stride, offset=offset)


def _mean(new: Replacement, layer: WindowPool, bottom: Shape) -> str:
    kernel, stride, size = layer.kernel_size, layer.stride, (bottom[2], bottom[3])
    full = all(
        layer.begin[axis] == 0
        and layer.dilation[axis] == 1
        and (layer.output_size[axis] - 1) * stride[axis] + kernel[axis] <= size[axis]
        for axis in AXES
    )
    if not full or caffe_pool_output(size, kernel, stride, (0, 0)) != layer.output_size:
        return "windows leave the image"
    if kernel == size and kernel[0] * kernel[1] > MANY:
        return "it adds up so many numbers that float32 loses digits"
    if not np.all(layer.divisors(bottom) == kernel[0] * kernel[1]):
        return "it divides by another number than that of the cells"
    new.add("pool", Pooling(pool="AVE", kernel_size=kernel, stride=stride), new.old.bottom)
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    WindowPool: (
        Form(name="global Pooling", build=_global),
        Form(name="Pooling", build=_of_the_same_windows),
        Form(name="a larger Pooling, cropped", build=_of_more_windows),
        Form(name="Pooling of the cells that it takes", build=_of_picked_cells),
    ),
}
