"""Pad -> a depthwise Convolution, or Slice, Power and Concat; borders that repeat the inside become Gather.

- Zeros around a map: a depthwise Convolution with a single 1 and Caffe's symmetric pad. Its filter is one cell, and as
  many zeros longer as one side has more than the other: pad = max(before, after), the 1 at max(0, after - before).
- Any other constant, any other axis: Power with scale 0 is that constant, whatever its bottom holds
  (power_layer.cpp:20-27), so cells of the blob itself make the border; all of the blob as often as it fits, and a Slice
  of it for the rest, which the Concat puts back in its place.
- reflect, replicate, circular: the same for each axis as places of it, in another order.
- What is negative is cut off first.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.layers import Concat, Convolution, Power, Slice
from caffe_ir.layers.source import CropTo, Gather, Pad
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

MOST_CELLS = 16
"""The largest filter of the depthwise form: Caffe copies the map once for each cell."""


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


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, shape = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, Pad)
    new = Replacement(net=net, old=node)
    x, shape = _cut(new, node.bottom, shape, layer)
    margins = [(max(0, first), max(0, last)) for first, last in zip(layer.before, layer.after, strict=True)]
    borders = [Border(axis=axis, before=b, after=a) for axis, (b, a) in enumerate(margins) if (b, a) != (0, 0)]
    if layer.mode != "constant":
        for border in borders:
            x, shape = _repeated(new, x, shape, border, layer.mode)
    elif layer.value == 0 and _on_map(shape, borders) and _cells(borders) <= MOST_CELLS:
        x = _zeros_around(new, x, shape, borders)
    else:
        for border in borders:
            x, shape = _filled(new, x, shape, border, layer.value)
    if not new.nodes:
        net.replace(node, [])
        return
    new.finish()
    net.note("lowered", f"{layer} -> {', '.join(one.layer.type_name() for one in new.nodes)}", node.origin)


def _cut(new: Replacement, x: str, shape: Shape, layer: Pad) -> tuple[str, Shape]:
    """The blob without the cells that negative numbers cut off."""
    starts = [max(0, -first) for first in layer.before]
    stops = [size - max(0, -last) for size, last in zip(shape, layer.after, strict=True)]
    cut = tuple(stop - start for start, stop in zip(starts, stops, strict=True))
    if len(shape) == 4 and cut[2:] != shape[2:]:
        x = new.add("cut", CropTo(top=starts[2], left=starts[3], height=cut[2], width=cut[3]), x)
        shape = (*shape[:2], *cut[2:])
    for axis in range(len(shape)):
        if cut[axis] != shape[axis]:
            x = new.add("cut", Gather(axis=axis, indices=tuple(range(starts[axis], stops[axis]))), x)
    return x, cut


def _on_map(shape: Shape, borders: list[Border]) -> bool:
    return len(shape) == 4 and all(border.axis >= 2 for border in borders) and bool(borders)


def _cells(borders: list[Border]) -> int:
    return int(np.prod([1 + abs(border.after - border.before) for border in borders]))


def _zeros_around(new: Replacement, x: str, shape: Shape, borders: list[Border]) -> str:
    sides = {border.axis: (border.before, border.after) for border in borders}
    rows, columns = (sides.get(axis, (0, 0)) for axis in (2, 3))
    kernel = (1 + abs(rows[1] - rows[0]), 1 + abs(columns[1] - columns[0]))
    place = (max(0, rows[1] - rows[0]), max(0, columns[1] - columns[0]))
    channels = shape[1]
    convolution = Convolution(
        num_output=channels, kernel_size=kernel, pad=(max(rows), max(columns)), group=channels, bias_term=False
    )

    def one_hot() -> Array:
        weights = np.zeros((channels, 1, *kernel), np.float32)
        weights[:, :, place[0], place[1]] = 1.0
        return weights

    return new.add("zeros", convolution, x, blobs=[Blob.computed((channels, 1, *kernel), one_hot, constant=True)])


def _repeated(new: Replacement, x: str, shape: Shape, border: Border, mode: str) -> tuple[str, Shape]:
    places = np.pad(np.arange(shape[border.axis]), (border.before, border.after), mode=NUMPYS_MODES[mode])
    x = new.add("border", Gather(axis=border.axis, indices=tuple(int(place) for place in places)), x)
    return x, _grown(shape, border)


def _filled(new: Replacement, x: str, shape: Shape, border: Border, value: float) -> tuple[str, Shape]:
    axis, size = border.axis, shape[border.axis]
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
    return new.add("joined", Concat(axis=axis), *bottoms), _grown(shape, border)


def _grown(shape: Shape, border: Border) -> Shape:
    size = border.before + shape[border.axis] + border.after
    return (*shape[: border.axis], size, *shape[border.axis + 1 :])


BORDERS = Pass(name="borders", visits=(Pad,), rewrite=_rewrite)
