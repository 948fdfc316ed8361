"""Pooling. torch computes the sizes of the outputs; the layers say which cells each window holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod

import torch

from caffe_ir.blob import Shape
from caffe_ir.layers import Concat
from caffe_ir.layers.source import CropTo, Resample, WindowPool
from converters.pytorch.build import Build, Call, Missing, Result, Value
from converters.pytorch.frontend import Handler

NO_INDICES = Missing(
    what="the indices of a max pooling",
    why="Caffe's Pooling does not keep where its maxima lie",
    hint="replace max_unpool by interpolate or ConvTranspose2d",
)
Pair = tuple[int, int]
Window = tuple[int, int]


def max_pool2d(call: Call, build: Build) -> Value:
    """Maxima over kernel_size cells each, `dilation` apart; what lies in the padding never wins."""
    x = _batched(build, call.value(), 4)
    call.ignore("ceil_mode")  # the size of the output says it
    kernel, stride, padding, dilation = _steps(call, 2)
    layer = WindowPool(
        pool="MAX",
        kernel_size=kernel,
        stride=stride,
        begin=padding,
        end=padding,
        dilation=dilation,
        output_size=_pair(call.shape[-2:]),
    )
    return build.reshape(build.add(layer, x), call.shape)


def max_pool2d_with_indices(call: Call, build: Build) -> Result:
    return max_pool2d(call, build), NO_INDICES


def max_pool1d(call: Call, build: Build) -> Value:
    """Maxima over the last axis, as those of maps of height 1."""
    call.ignore("ceil_mode")
    x = call.value()
    kernel, stride, padding, dilation = _steps(call, 1)
    layer = WindowPool(
        pool="MAX",
        kernel_size=kernel,
        stride=stride,
        begin=padding,
        end=padding,
        dilation=dilation,
        output_size=(1, call.shape[-1]),
    )
    return build.reshape(build.add(layer, _flat(build, x), suffix="2d"), call.shape)


def max_pool1d_with_indices(call: Call, build: Build) -> Result:
    return max_pool1d(call, build), NO_INDICES


def avg_pool2d(call: Call, build: Build) -> Value:
    """Means over windows, which count the padding, or not, or divide by divisor_override."""
    x = _batched(build, call.value(), 4)
    call.ignore("ceil_mode")
    kernel, stride, padding, _ = _steps(call, 2)
    override = call.argument("divisor_override")
    counted = call.flag("count_include_pad")
    layer = WindowPool(
        pool="AVE",
        kernel_size=kernel,
        stride=stride,
        begin=padding,
        end=padding,
        output_size=_pair(call.shape[-2:]),
        divisor=override if isinstance(override, int) else "padded" if counted else "valid",
    )
    return build.reshape(build.add(layer, x), call.shape)


def avg_pool1d(call: Call, build: Build) -> Value:
    call.ignore("ceil_mode")
    x = call.value()
    kernel, stride, padding, _ = _steps(call, 1)
    layer = WindowPool(
        pool="AVE",
        kernel_size=kernel,
        stride=stride,
        begin=padding,
        end=padding,
        output_size=(1, call.shape[-1]),
        divisor="padded" if call.flag("count_include_pad") else "valid",
    )
    return build.reshape(build.add(layer, _flat(build, x), suffix="2d"), call.shape)


def adaptive_avg_pool2d(call: Call, build: Build) -> Value:
    """Means over windows [floor(i H / h), ceil((i + 1) H / h)) of each axis (torch: AdaptiveAveragePooling.cpp)."""
    call.ignore("output_size")
    return build.reshape(_adaptive(build, _batched(build, call.value(), 4), call.shape, "AVE"), call.shape)


def adaptive_max_pool2d(call: Call, build: Build) -> Result:
    call.ignore("output_size")
    pooled = _adaptive(build, _batched(build, call.value(), 4), call.shape, "MAX")
    return build.reshape(pooled, call.shape), NO_INDICES


def adaptive_avg_pool1d(call: Call, build: Build) -> Value:
    call.ignore("output_size")
    wanted = (*call.shape[:-1], 1, call.shape[-1])
    return build.reshape(_adaptive(build, _flat(build, call.value()), wanted, "AVE"), call.shape)


def adaptive_max_pool1d(call: Call, build: Build) -> Result:
    call.ignore("output_size")
    wanted = (*call.shape[:-1], 1, call.shape[-1])
    return build.reshape(_adaptive(build, _flat(build, call.value()), wanted, "MAX"), call.shape), NO_INDICES


def adaptive_avg_pool3d(call: Call, build: Build) -> Value:
    """Means over boxes: one over their size along each axis."""
    call.ignore("output_size")
    x = _batched(build, call.value(), 5)
    windows = [adaptive_windows(size, count) for size, count in zip(x.shape[2:], call.shape[-3:], strict=True)]
    return build.reshape(_means(build, x, windows), call.shape)


def adaptive_max_pool3d(call: Call, build: Build) -> Result:
    """The maxima of boxes are those along their depth of the maxima in their planes."""
    call.ignore("output_size")
    x = _batched(build, call.value(), 5)
    (n, c, d, h, w), (depth, *plane) = x.shape, call.shape[-3:]
    planes = build.reshape(x, (n, c * d, h, w), suffix="planes")
    within = _adaptive(build, planes, (n, c * d, *plane), "MAX")
    columns = build.reshape(within, (n, c, d, prod(plane)), suffix="columns")
    return build.reshape(_adaptive(build, columns, (n, c, depth, prod(plane)), "MAX"), call.shape), NO_INDICES


def max_pool3d_with_indices(call: Call, build: Build) -> Result:
    return max_pool3d(call, build), NO_INDICES


def max_pool3d(call: Call, build: Build) -> Value:
    """The maxima of a box are the maxima along its depth of those in its planes."""
    call.ignore("ceil_mode")
    x = _batched(build, call.value(), 5)
    kernel, stride, padding, dilation = _triples(call)
    n, c, d, h, w = x.shape
    planes = build.reshape(x, (n, c * d, h, w), suffix="planes")
    oh, ow = call.shape[-2:]
    within = WindowPool(
        pool="MAX",
        kernel_size=_pair(kernel[1:]),
        stride=_pair(stride[1:]),
        begin=_pair(padding[1:]),
        end=_pair(padding[1:]),
        dilation=_pair(dilation[1:]),
        output_size=(oh, ow),
    )
    columns = build.reshape(build.add(within, planes, suffix="within"), (n, c, d, oh * ow), suffix="columns")
    along = WindowPool(
        pool="MAX",
        kernel_size=(kernel[0], 1),
        stride=(stride[0], 1),
        begin=(padding[0], 0),
        end=(padding[0], 0),
        dilation=(dilation[0], 1),
        output_size=(call.shape[-3], oh * ow),
    )
    return build.reshape(build.add(along, columns, suffix="along"), call.shape)


def avg_pool3d(call: Call, build: Build) -> Value:
    """The mean of a box is the mean along its depth of those of its planes: the numbers of cells multiply."""
    call.ignore("ceil_mode")
    x = _batched(build, call.value(), 5)
    kernel, stride, padding, _ = _triples(call)
    override = call.argument("divisor_override")
    counts = "padded" if call.flag("count_include_pad") else "valid"
    n, c, d, h, w = x.shape
    planes = build.reshape(x, (n, c * d, h, w), suffix="planes")
    oh, ow = call.shape[-2:]
    within = WindowPool(
        pool="AVE",
        kernel_size=_pair(kernel[1:]),
        stride=_pair(stride[1:]),
        begin=_pair(padding[1:]),
        end=_pair(padding[1:]),
        output_size=(oh, ow),
        divisor=1 if isinstance(override, int) else counts,  # type: ignore[arg-type]
    )
    columns = build.reshape(build.add(within, planes, suffix="within"), (n, c, d, oh * ow), suffix="columns")
    along = WindowPool(
        pool="AVE",
        kernel_size=(kernel[0], 1),
        stride=(stride[0], 1),
        begin=(padding[0], 0),
        end=(padding[0], 0),
        output_size=(call.shape[-3], oh * ow),
        divisor=override if isinstance(override, int) else counts,  # type: ignore[arg-type]
    )
    return build.reshape(build.add(along, columns, suffix="along"), call.shape)


# ---- windows -------------------------------------------------------------------------------------------------------


def adaptive_windows(size: int, count: int) -> list[Window]:
    """The windows [begin, end) of adaptive pooling on one axis (torch: AdaptivePooling.h, start_index, end_index)."""
    return [(place * size // count, -(-(place + 1) * size // count)) for place in range(count)]


def regular(windows: list[Window]) -> Pair | None:
    """Kernel and stride where all windows are of one size and one step apart, from 0 on; None otherwise."""
    sizes = {end - begin for begin, end in windows}
    steps = {second[0] - first[0] for first, second in pairwise(windows)} or {1}
    return (sizes.pop(), steps.pop()) if len(sizes) == len(steps) == 1 and min(steps) > 0 else None


def _adaptive(build: Build, x: Value, wanted: Shape, pool: str) -> Value:
    """Adaptive pooling of (N, C, H, W) to the last two sizes of `wanted`."""
    sizes, counts = x.shape[2:], wanted[-2:]
    if sizes == counts:
        return x
    rows, columns = (adaptive_windows(size, count) for size, count in zip(sizes, counts, strict=True))
    tall, wide = regular(rows), regular(columns)
    if tall and wide:
        return build.add(_pooling(pool, (tall[0], wide[0]), (tall[1], wide[1]), _pair(counts)), x)
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


# ---- arguments -----------------------------------------------------------------------------------------------------


def _steps(call: Call, axes: int) -> tuple[Pair, Pair, Pair, Pair]:
    """kernel_size, stride (the kernel's where none is given), padding, dilation; one axis is that of the columns."""
    kernel = call.integers("kernel_size", axes)
    stride = call.integers("stride", axes) or kernel
    padding = call.integers("padding", axes)
    dilation = call.integers("dilation", axes) if "dilation" in call.arguments else (1,) * axes
    if axes == 1:
        return (1, *kernel), (1, *stride), (0, *padding), (1, *dilation)  # type: ignore[return-value]
    return _pair(kernel), _pair(stride), _pair(padding), _pair(dilation)


def _triples(call: Call) -> tuple[Shape, Shape, Shape, Shape]:
    kernel = call.integers("kernel_size", 3)
    dilation = call.integers("dilation", 3) if "dilation" in call.arguments else (1, 1, 1)
    return kernel, call.integers("stride", 3) or kernel, call.integers("padding", 3), dilation


def _pair(sizes: Shape) -> Pair:
    first, second = sizes
    return first, second


def _batched(build: Build, x: Value, rank: int) -> Value:
    return x if len(x.shape) == rank else build.reshape(x, (1, *x.shape), suffix="batch")


def _flat(build: Build, x: Value) -> Value:
    """(N, C, L) or (C, L) as (N, C, 1, L)."""
    sizes = x.shape if len(x.shape) == 3 else (1, *x.shape)
    return build.reshape(x, (*sizes[:2], 1, sizes[2]), suffix="in")


HANDLERS: Mapping[str, Handler] = {
    "aten.max_pool1d.default": max_pool1d,
    "aten.max_pool1d_with_indices.default": max_pool1d_with_indices,
    "aten.max_pool2d.default": max_pool2d,
    "aten.max_pool2d_with_indices.default": max_pool2d_with_indices,
    "aten.max_pool3d.default": max_pool3d,
    "aten.max_pool3d_with_indices.default": max_pool3d_with_indices,
    "aten.avg_pool1d.default": avg_pool1d,
    "aten.avg_pool2d.default": avg_pool2d,
    "aten.avg_pool3d.default": avg_pool3d,
    "aten.adaptive_avg_pool1d.default": adaptive_avg_pool1d,
    "aten.adaptive_avg_pool2d.default": adaptive_avg_pool2d,
    "aten._adaptive_avg_pool2d.default": adaptive_avg_pool2d,
    "aten.adaptive_avg_pool3d.default": adaptive_avg_pool3d,
    "aten._adaptive_avg_pool3d.default": adaptive_avg_pool3d,
    "aten.adaptive_max_pool3d.default": adaptive_max_pool3d,
    "aten.adaptive_max_pool1d.default": adaptive_max_pool1d,
    "aten.adaptive_max_pool2d.default": adaptive_max_pool2d,
}
