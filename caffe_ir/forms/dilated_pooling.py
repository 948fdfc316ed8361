"""A dilated maximum -> undilated ones: over the one phase that is read, or over all phases as columns of another view.

The maximum over a window is that along its columns of those along its rows, so each axis has a form of its own. Window
i of stride s, dilation d and begin p holds the cells i s - p + j d for j < k.
- If no window holds two cells, the axis is a Gather of them.
- All these cells are -p modulo g = gcd(s, d). Only those places are taken, r = -p mod g, r + g ...: among them the
  windows have stride s / g, dilation d / g and begin (p + r) / g. Where s is a multiple of d that is not a dilation.
- For d still over 1, an axis of m d cells is seen as (m, d): cell a d + r is (a, r). A window of k rows and one column
  at (a, r) holds a d + r + j d, j < k, so what a Pooling of stride 1 leaves, seen as one axis again, are the wanted
  maxima at all places, in order. With a pad of q rows they begin at -q d: q is the least under which the first and the
  last wanted window are among them, and every s-th place from q d - p on is taken. q < k: each window holds a cell.
- Where d does not divide the size, the last cells are repeated: behind it cell P is what cell P - d is. A window that
  holds P and any cell at all holds P - d, so its maximum does not see it.
- A pad of rows alone is dropped by several readers; as many copies of the first and of the last row do the same.
Rows as (m, d W) and columns as (C H, m, d) are views: nothing is permuted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import gcd
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.forms.form import Form
from caffe_ir.forms.pooling import add_maximum
from caffe_ir.forms.repeated_border import add_bordered
from caffe_ir.layer import Layer
from caffe_ir.layers import Pooling, Reshape
from caffe_ir.layers.source import Gather, WindowPool
from caffe_ir.replacement import Replacement

Axis = Literal[0, 1]
AXES: tuple[Axis, Axis] = (0, 1)


class Steps(Struct, frozen=True, kw_only=True):
    """The windows of one axis: window i holds the cells i stride - begin + j dilation, j < kernel, that there are."""

    kernel: int = 1
    stride: int = 1
    begin: int = 0
    dilation: int = 1
    count: int


def _by_views(new: Replacement, *, bordered: bool = False) -> str:
    layer, x, shape = new.old.layer, new.old.bottom, new.shape_of(new.old.bottom)
    assert isinstance(layer, WindowPool)
    if layer.pool != "MAX" or layer.dilation == (1, 1):
        return "it is not a dilated maximum"
    left = list[Steps]()
    for axis in AXES:
        x, shape, steps = _one_phase(new, x, shape, layer, axis)
        left.append(steps)
    for axis in AXES:
        if left[axis].dilation > 1:
            x, shape = _all_phases(new, x, shape, left[axis], axis, bordered)
            left[axis] = Steps(count=shape[2 + axis])
    rows, columns = left
    rest = WindowPool(
        pool="MAX",
        kernel_size=(rows.kernel, columns.kernel),
        stride=(rows.stride, columns.stride),
        begin=(rows.begin, columns.begin),
        output_size=(rows.count, columns.count),
    )
    if rest.kernel_size == (1, 1) and rest.output_size == shape[2:]:
        return ""
    return add_bordered(new, rest, x) if bordered and any(rest.begin) else add_maximum(new, rest, x)


def _one_phase(new: Replacement, x: str, shape: Shape, layer: WindowPool, axis: Axis) -> tuple[str, Shape, Steps]:
    """The axis without the cells that no window can hold, and what the windows are then."""
    size = shape[2 + axis]
    steps = Steps(
        kernel=layer.kernel_size[axis],
        stride=layer.stride[axis],
        begin=layer.begin[axis],
        dilation=layer.dilation[axis],
        count=layer.output_size[axis],
    )
    if steps.dilation == 1:
        return x, shape, steps
    first_cells, counts = layer.cells(axis, size)
    if counts.max() == 1:
        x, shape = _taken(new, x, shape, axis, first_cells.tolist())
        return x, shape, Steps(count=steps.count)
    common = gcd(steps.stride, steps.dilation)
    first = -steps.begin % common
    x, shape = _taken(new, x, shape, axis, range(first, size, common))
    reduced = replace(
        steps,
        stride=steps.stride // common,
        dilation=steps.dilation // common,
        begin=(steps.begin + first) // common,
    )
    return x, shape, reduced


def _all_phases(new: Replacement, x: str, shape: Shape, steps: Steps, axis: Axis, bordered: bool) -> tuple[str, Shape]:
    """The maxima along an axis of more than `dilation` cells."""
    size, d, last = shape[2 + axis], steps.dilation, (steps.count - 1) * steps.stride - steps.begin
    short = -size % d
    x, (_, channels, height, width) = _taken(new, x, shape, axis, [*range(size), *range(size - d, size - d + short)])
    turns = (size + short) // d
    pad = max(-(-steps.begin // d), last // d + steps.kernel - turns)
    places = (turns + 2 * pad - steps.kernel + 1) * d
    name = ("rows", "columns")[axis]
    view = (channels, turns, d * width) if axis == 0 else (channels * height, turns, d)
    seen = (channels, places, width) if axis == 0 else (channels, height, places)
    x = new.add(f"{name}_view", Reshape(shape=(0, *view)), x)
    if bordered:
        x, _ = _taken(new, x, (shape[0], *view), 0, [*[0] * pad, *range(view[1]), *[view[1] - 1] * pad])
    x = new.add(name, Pooling(pool="MAX", kernel_size=(steps.kernel, 1), pad=(0 if bordered else pad, 0)), x)
    x = new.add(f"{name}_places", Reshape(shape=(0, *seen)), x)
    first = pad * d - steps.begin
    wanted = range(first, first + steps.count * steps.stride, steps.stride)
    return _taken(new, x, (shape[0], *seen), axis, wanted)


def _taken(
    new: Replacement, x: str, shape: Shape, axis: Axis, places: range | list[int]
) -> tuple[str, tuple[int, int, int, int]]:
    n, c, h, w = shape
    indices = tuple(places)
    if indices != tuple(range(shape[2 + axis])):
        x = new.add("taken", Gather(axis=2 + axis, indices=indices), x)
    return x, (n, c, len(indices), w) if axis == 0 else (n, c, h, len(indices))


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    WindowPool: (
        Form(name="undilated Pooling of views", build=_by_views),
        Form(name="undilated Pooling of views with their border repeated", build=partial(_by_views, bordered=True)),
    ),
}
