"""Pad: borders of zeros, of another constant, or of what lies inside. What is negative is cut off first.

- Zeros around a map: a depthwise Convolution with a single 1 and Caffe's symmetric pad. Its filter is one cell, and as
  many zeros longer as one side has more than the other: pad = max(before, after), the 1 at max(0, after - before).
- Any constant, any axis: Power with scale 0 is that constant, whatever its bottom holds (power_layer.cpp:20-27), so
  cells of the blob itself make the border; all of the blob as often as it fits, and a Slice of it for the rest, which
  the Concat puts back in its place, so that no part is left over.
- reflect, replicate, circular: the same for each axis as places of it, in another order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from caffe_ir.forms.form import Form
from caffe_ir.forms.one_hot import picking_cells
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Convolution, Power, Slice
from caffe_ir.layers.source import CropTo, Gather, Pad
from caffe_ir.replacement import Replacement

NUMPYS_MODES: dict[str, Literal["reflect", "edge", "wrap"]] = {
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
}


class Border(Struct, frozen=True, kw_only=True):
    """What is put before and behind one axis."""

    axis: int
    before: int
    after: int


def _of_zeros(new: Replacement) -> str:
    layer = _asked(new)
    borders = _borders(layer)
    on_map = len(layer.before) == 4 and bool(borders) and all(border.axis >= 2 for border in borders)
    if not on_map or layer.mode != "constant" or layer.value != 0:
        return "it puts no zeros around a map"
    x = _cut(new, layer)
    before, after = ([max(0, side) for side in sides[2:]] for sides in (layer.before, layer.after))
    at = (max(0, after[0] - before[0]), max(0, after[1] - before[1]))
    layer_of_ones = zeros_around(layer.before, layer.after, new.shape_of(x)[1])
    new.add("zeros", layer_of_ones, x, blobs=[picking_cells(layer_of_ones.num_output, layer_of_ones.kernel_size, at)])
    return ""


def zeros_around(before: Sequence[int], after: Sequence[int], channels: int) -> Convolution:
    """The layer that puts so many rows and columns of zeros before and after a map of so many channels."""
    sides = [(max(0, first), max(0, last)) for first, last in zip(before[2:], after[2:], strict=True)]
    kernel = tuple(1 + abs(last - first) for first, last in sides)
    pad = tuple(map(max, sides))
    return Convolution(num_output=channels, kernel_size=kernel, pad=pad, group=channels, bias_term=False)


def _of_a_constant(new: Replacement) -> str:
    layer = _asked(new)
    if layer.mode != "constant":
        return "its border repeats what lies inside"
    x = _cut(new, layer)
    for border in _borders(layer):
        x = _filled(new, x, border, layer.value)
    return ""


def _of_its_places(new: Replacement) -> str:
    layer = _asked(new)
    if layer.mode == "constant":
        return "its border is a constant"
    x = _cut(new, layer)
    for axis, before, after in ((border.axis, border.before, border.after) for border in _borders(layer)):
        places = np.pad(np.arange(new.shape_of(x)[axis]), (before, after), mode=NUMPYS_MODES[layer.mode])
        x = new.add("border", Gather(axis=axis, indices=tuple(map(int, places))), x)
    return ""


def _asked(new: Replacement) -> Pad:
    layer = new.old.layer
    assert isinstance(layer, Pad)
    return layer


def _borders(layer: Pad) -> list[Border]:
    margins = [(max(0, first), max(0, last)) for first, last in zip(layer.before, layer.after, strict=True)]
    return [Border(axis=axis, before=b, after=a) for axis, (b, a) in enumerate(margins) if (b, a) != (0, 0)]


def _cut(new: Replacement, layer: Pad) -> str:
    """The blob without the cells that negative numbers cut off."""
    x, shape = new.old.bottom, new.shape_of(new.old.bottom)
    starts = [max(0, -first) for first in layer.before]
    stops = [size - max(0, -last) for size, last in zip(shape, layer.after, strict=True)]
    cut = tuple(stop - start for start, stop in zip(starts, stops, strict=True))
    if len(shape) == 4 and cut[2:] != shape[2:]:
        x = new.add("cut", CropTo(top=starts[2], left=starts[3], height=cut[2], width=cut[3]), x)
        shape = (*shape[:2], *cut[2:])
    for axis in range(len(shape)):
        if cut[axis] != shape[axis]:
            x = new.add("cut", Gather(axis=axis, indices=tuple(range(starts[axis], stops[axis]))), x)
    return x


def _filled(new: Replacement, x: str, border: Border, value: float) -> str:
    axis, size = border.axis, new.shape_of(x)[border.axis]
    constant = Power(scale=0.0, shift=value)
    (whole, first), (whole_behind, last) = divmod(border.before, size), divmod(border.after, size)
    points = sorted({first, last} - {0})
    pieces = [x]
    if points:
        pieces = new.split("piece", Slice(axis=axis, slice_point=tuple(points)), x, tops=len(points) + 1)
    block = [new.add("border", constant, x)] if whole or whole_behind else []
    parts = [new.add("border", constant, piece) for piece in pieces[: len(points)]]
    few = {0: [], **{point: parts[: place + 1] for place, point in enumerate(points)}}
    bottoms = [*block * whole, *few[first], *pieces, *few[last], *block * whole_behind]
    return new.add("joined", Concat(axis=axis), *bottoms)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Pad: (
        Form(name="a depthwise Convolution", build=_of_zeros),
        Form(name="Concat with a constant made of the blob", build=_of_a_constant),
        Form(name="places of the blob", build=_of_its_places),
    ),
}
