"""Pooling by windows of one size along one, two or three axes. torch computes the sizes of the outputs; the layers say
which cells each window holds.

A maximum over a box is the maximum along its depth of those in its planes, and a mean likewise, for the numbers of
cells multiply. So three axes are two poolings of maps, and one axis is that of maps of height 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from caffe_ir.geometry import RoundMode
from caffe_ir.layers import PlacedPooling, Unpool
from caffe_ir.layers.source import WindowPool
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Missing, Result, Value

NO_INDICES = Missing(
    what="the indices of a max pooling",
    why="Caffe gives places in maps of up to 2^24 cells, of windows of one size that are not dilated",
    hint="replace max_unpool by interpolate or ConvTranspose2d",
)
ROUND_MODES: Sequence[RoundMode] = ("CEIL", "FLOOR")
WHOLE = 1 << 24
"""Up to here float32 holds every whole number."""
Divisor = Literal["valid", "padded"] | int
Pool = Literal["MAX", "AVE"]


class Windows(Struct, frozen=True, kw_only=True):
    """Windows of one size along an axis, `count` of them, as torch's arguments say."""

    kernel_size: int = 1
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    count: int


def max_pool(axes: int) -> Callable[[Call, Build], Value]:
    """Maxima over kernel_size cells each, `dilation` apart; what lies in the padding never wins."""

    def handle(call: Call, build: Build) -> Value:
        return _pooled(build, call, "MAX", _windows(call, axes))

    return handle


def max_pool_with_indices(axes: int) -> Callable[[Call, Build], Result]:
    """The same, and where the maxima lie, row * width + column in their map. Where Caffe gives no such places they are
    refused where they are read."""

    def handle(call: Call, build: Build) -> Result:
        windows = _windows(call, axes)
        return placed(build, call, windows) or (_pooled(build, call, "MAX", windows), NO_INDICES)

    return handle


def placed(build: Build, call: Call, windows: Sequence[Windows]) -> tuple[Value, ...] | None:
    """Maxima over windows of one or two axes, and where they lie; None where nobody asks for that, or Caffe gives no
    such places: the first of equal ones in torch as in pooling_layer.cpp. A row is a map of height 1."""
    if 1 not in call.wanted or len(windows) > 2 or any(one.dilation > 1 for one in windows):
        return None
    rows, columns = windows if len(windows) == 2 else (Windows(count=1), *windows)
    x = maps(build, call.value(), len(windows))
    layers = [_with_places(rows, columns, mode) for mode in ROUND_MODES]
    fitting = next((one for one in layers if one.infer((x.shape,))[0][2:] == (rows.count, columns.count)), None)
    if fitting is None or x.shape[2] * x.shape[3] > WHOLE:
        return None
    both = build.add_many(fitting, x, tops=2)
    return tuple(build.reshape(one, call.shape) for one in both)


def _with_places(rows: Windows, columns: Windows, round_mode: RoundMode) -> PlacedPooling:
    return PlacedPooling(
        kernel_size=(rows.kernel_size, columns.kernel_size),
        stride=(rows.stride, columns.stride),
        pad=(rows.padding, columns.padding),
        round_mode=round_mode,
    )


def max_unpool2d(call: Call, build: Build) -> Value:
    """Zeros, with each number at the place that the indices of a max pooling say."""
    height, width = call.integers("output_size")
    x = call.value()
    if len(x.shape) != 4:
        raise call.refused(f"its input has {len(x.shape)} axes", hint="give it a batch axis")
    return build.add(Unpool(upsample_h=height, upsample_w=width), x, call.value("indices", any_type=True))


def avg_pool(axes: int) -> Callable[[Call, Build], Value]:
    """Means over windows, which count the padding, or not, or divide by divisor_override."""

    def handle(call: Call, build: Build) -> Value:
        override = call.argument("divisor_override") if axes > 1 else None
        counted: Divisor = "padded" if call.flag("count_include_pad") else "valid"
        return _pooled(build, call, "AVE", _windows(call, axes), override if isinstance(override, int) else counted)

    return handle


def maps(build: Build, x: Value, axes: int) -> Value:
    """A value with so many axes to pool as (N, C, ...): a batch of one where there is none, and one axis as maps."""
    if axes == 1:
        sizes = x.shape if len(x.shape) == 3 else (1, *x.shape)
        return build.reshape(x, (*sizes[:2], 1, sizes[2]), suffix="in")
    return x if len(x.shape) == axes + 2 else build.reshape(x, (1, *x.shape), suffix="batch")


def _windows(call: Call, axes: int) -> list[Windows]:
    """Those of a call, along each axis; the stride is the kernel's size where none is given."""
    call.ignore("ceil_mode")  # the size of the output says it
    kernel = call.integers("kernel_size", axes)
    stride = call.integers("stride", axes) or kernel
    padding = call.integers("padding", axes)
    dilation = call.integers("dilation", axes) if "dilation" in call.arguments else (1,) * axes
    each = zip(kernel, stride, padding, dilation, call.shape[-axes:], strict=True)
    return [Windows(kernel_size=k, stride=s, padding=p, dilation=d, count=n) for k, s, p, d, n in each]


def _pooled(build: Build, call: Call, pool: Pool, windows: Sequence[Windows], divisor: Divisor = "valid") -> Value:
    x = maps(build, call.value(), len(windows))
    if len(windows) == 3:
        pooled = _boxes(build, x, pool, windows, divisor)
    else:
        *above, columns = windows
        (rows,) = above or [Windows(count=1)]
        pooled = build.add(_layer(pool, rows, columns, divisor), x, suffix="" if above else "2d")
    return build.reshape(pooled, call.shape)


def _boxes(build: Build, x: Value, pool: Pool, windows: Sequence[Windows], divisor: Divisor) -> Value:
    """(N, C, D, H, W) as N maps of C * D channels, and then as maps of D rows with a column for each place."""
    (n, c, d, h, w), (depth, rows, columns) = x.shape, windows
    sums: Divisor = 1 if isinstance(divisor, int) else divisor
    planes = build.reshape(x, (n, c * d, h, w), suffix="planes")
    within = build.add(_layer(pool, rows, columns, sums), planes, suffix="within")
    places = Windows(count=rows.count * columns.count)
    lines = build.reshape(within, (n, c, d, places.count), suffix="columns")
    return build.add(_layer(pool, depth, places, divisor), lines, suffix="along")


def _layer(pool: Pool, rows: Windows, columns: Windows, divisor: Divisor) -> WindowPool:
    return WindowPool(
        pool=pool,
        kernel_size=(rows.kernel_size, columns.kernel_size),
        stride=(rows.stride, columns.stride),
        begin=(rows.padding, columns.padding),
        end=(rows.padding, columns.padding),
        dilation=(rows.dilation, columns.dilation),
        output_size=(rows.count, columns.count),
        divisor=divisor,
    )


HANDLERS: Mapping[str, Handler] = {
    **{f"aten.max_pool{axes}d.default": max_pool(axes) for axes in (1, 2, 3)},
    **{f"aten.max_pool{axes}d_with_indices.default": max_pool_with_indices(axes) for axes in (1, 2, 3)},
    "aten.max_unpool2d.default": max_unpool2d,
    **{f"aten.avg_pool{axes}d.default": avg_pool(axes) for axes in (1, 2, 3)},
}
