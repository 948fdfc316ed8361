"""Adaptive pooling: windows [floor(i H / h), ceil((i + 1) H / h)) of each axis (torch: AdaptivePooling.h).

Where they are of one size and one step apart it is a plain pooling. Means over windows of several sizes are a matrix
along each axis; maxima are pooled from a crop each and joined.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import torch

from caffe_ir.layers import Concat
from caffe_ir.layers.source import CropTo, Resample, WindowPool
from converters.pytorch.aten.pooling import NO_INDICES, Windows, maps, placed
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Result, Value

Window = tuple[int, int]
Pair = tuple[int, int]


def adaptive_avg_pool1d(call: Call, build: Build) -> Value:
    return build.reshape(_adaptive(build, _of(call, build, 1), _size(call, 1), "AVE"), call.shape)


def adaptive_avg_pool2d(call: Call, build: Build) -> Value:
    return build.reshape(_adaptive(build, _of(call, build, 2), _size(call, 2), "AVE"), call.shape)


def adaptive_avg_pool3d(call: Call, build: Build) -> Value:
    """Means over boxes: one over their size along each axis."""
    x = _of(call, build, 3)
    windows = [adaptive_windows(size, count) for size, count in zip(x.shape[2:], call.shape[-3:], strict=True)]
    return build.reshape(_means(build, x, windows), call.shape)


def adaptive_max_pool(axes: int) -> Callable[[Call, Build], Result]:
    """Maxima along one or two axes, and where they lie if the windows are of one size and one step apart."""

    def handle(call: Call, build: Build) -> Result:
        x = _of(call, build, axes)
        sizes = zip(x.shape[-axes:], call.shape[-axes:], strict=True)
        steps = [regular(adaptive_windows(size, count)) for size, count in sizes]
        windows = [
            Windows(kernel_size=step[0], stride=step[1], count=count)
            for step, count in zip(steps, call.shape[-axes:], strict=True)
            if step
        ]
        with_places = placed(build, call, windows) if len(windows) == axes else None
        return with_places or (build.reshape(_adaptive(build, x, _size(call, axes), "MAX"), call.shape), NO_INDICES)

    return handle


def adaptive_max_pool3d(call: Call, build: Build) -> Result:
    """The maxima of boxes are those along their depth of the maxima in their planes."""
    x = _of(call, build, 3)
    (n, c, d, h, w), (depth, height, width) = x.shape, call.shape[-3:]
    planes = build.reshape(x, (n, c * d, h, w), suffix="planes")
    within = _adaptive(build, planes, (height, width), "MAX")
    columns = build.reshape(within, (n, c, d, height * width), suffix="columns")
    return build.reshape(_adaptive(build, columns, (depth, height * width), "MAX"), call.shape), NO_INDICES


def _of(call: Call, build: Build, axes: int) -> Value:
    call.ignore("output_size")  # the shape of the output says it
    return maps(build, call.value(), axes)


def _size(call: Call, axes: int) -> Pair:
    """Rows and columns of the output; one axis is that of maps of height 1."""
    return (call.shape[-2] if axes == 2 else 1), call.shape[-1]


def adaptive_windows(size: int, count: int) -> list[Window]:
    """The windows [begin, end) of adaptive pooling on one axis (torch: AdaptivePooling.h, start_index, end_index)."""
    return [(place * size // count, -(-(place + 1) * size // count)) for place in range(count)]


def regular(windows: list[Window]) -> Pair | None:
    """Kernel and stride where all windows are of one size and one step apart, from 0 on; None otherwise."""
    sizes = {end - begin for begin, end in windows}
    steps = {second[0] - first[0] for first, second in pairwise(windows)} or {1}
    return (sizes.pop(), steps.pop()) if len(sizes) == len(steps) == 1 and min(steps) > 0 else None


def _adaptive(build: Build, x: Value, counts: Pair, pool: str) -> Value:
    """Adaptive pooling of (N, C, H, W) to so many rows and columns."""
    sizes = x.shape[2:]
    if sizes == counts:
        return x
    rows, columns = (adaptive_windows(size, count) for size, count in zip(sizes, counts, strict=True))
    tall, wide = regular(rows), regular(columns)
    if tall and wide:
        return build.add(_pooling(pool, (tall[0], wide[0]), (tall[1], wide[1]), counts), x)
    if pool == "AVE":
        return _means(build, x, (rows, columns))
    y = _irregular(build, x, rows, 0, pool) if not tall else _one_axis(build, x, tall, len(rows), 0, pool)
    return _irregular(build, y, columns, 1, pool) if not wide else _one_axis(build, y, wide, len(columns), 1, pool)


def _means(build: Build, x: Value, windows: Sequence[list[Window]]) -> Value:
    """Means over windows of several sizes: one over their size where they are, along each axis."""
    changed = [(axis, cells) for axis, cells in enumerate(windows, 2) if len(cells) != x.shape[axis]]
    if not changed:
        return x
    layer = Resample(axes=tuple(axis for axis, _ in changed), output_size=tuple(len(cells) for _, cells in changed))
    return build.add(
        layer, x, blobs=[build.blob(_matrix(cells, x.shape[axis]), constant=True) for axis, cells in changed]
    )


def _matrix(windows: list[Window], size: int) -> torch.Tensor:
    matrix = torch.zeros(len(windows), size, dtype=torch.float64)
    for row, (begin, end) in zip(matrix, windows, strict=True):
        row[begin:end] = 1 / (end - begin)
    return matrix


def _one_axis(build: Build, x: Value, window: Pair, count: int, axis: int, pool: str) -> Value:
    kernel, stride = window
    if kernel == stride == 1:
        return x
    height, width = x.shape[2:]
    if axis == 0:
        return build.add(_pooling(pool, (kernel, 1), (stride, 1), (count, width)), x, suffix="rows")
    return build.add(_pooling(pool, (1, kernel), (1, stride), (height, count)), x)


def _irregular(build: Build, x: Value, windows: list[Window], axis: int, pool: str) -> Value:
    """Windows of several sizes: each pooled from its own crop, then joined."""
    height, width = x.shape[2:]
    parts = []
    for place, (begin, end) in enumerate(windows):
        length = end - begin
        crop = (
            CropTo(top=begin, left=0, height=length, width=width)
            if axis == 0
            else CropTo(top=0, left=begin, height=height, width=length)
        )
        kernel, output = ((length, 1), (1, width)) if axis == 0 else ((1, length), (height, 1))
        part = build.add(crop, x, suffix=f"crop{place}") if length < x.shape[2 + axis] else x
        parts.append(build.add(_pooling(pool, kernel, kernel, output), part, suffix=f"window{place}"))
    return build.add(Concat(axis=2 + axis), *parts, suffix="rows" if axis == 0 else "")


def _pooling(pool: str, kernel: Pair, stride: Pair, output: Pair) -> WindowPool:
    return WindowPool(pool="MAX" if pool == "MAX" else "AVE", kernel_size=kernel, stride=stride, output_size=output)


HANDLERS: Mapping[str, Handler] = {
    "aten.adaptive_avg_pool1d.default": adaptive_avg_pool1d,
    "aten.adaptive_avg_pool2d.default": adaptive_avg_pool2d,
    "aten._adaptive_avg_pool2d.default": adaptive_avg_pool2d,
    "aten.adaptive_avg_pool3d.default": adaptive_avg_pool3d,
    "aten._adaptive_avg_pool3d.default": adaptive_avg_pool3d,
    "aten.adaptive_max_pool1d.default": adaptive_max_pool(1),
    "aten.adaptive_max_pool2d.default": adaptive_max_pool(2),
    "aten.adaptive_max_pool3d.default": adaptive_max_pool3d,
}
