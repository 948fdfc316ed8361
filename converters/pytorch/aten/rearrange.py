"""The same numbers in other places: shuffles, rolls, flips, choices by constant indices, windows as channels."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import torch
from msgspec.structs import replace

from caffe_ir.error_kinds.operations import DEPENDS_ON_INPUT
from caffe_ir.layers import Convolution
from caffe_ir.layers.source import ConvTranspose, DepthToSpace, Gather, Permute, ShuffleChannel, SpaceToDepth
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

MAP_AXES = 4


def pixel_shuffle(call: Call, build: Build) -> Value:
    """Channel (c, i, j) of a cell becomes cell (i, j) of its r x r block of channel c."""
    r = call.integer("upscale_factor")
    return build.reshape(build.add(DepthToSpace(block_size=(r, r)), _batched(call, build)), call.shape)


def pixel_unshuffle(call: Call, build: Build) -> Value:
    """Cell (i, j) of an r x r block of channel c becomes channel (c, i, j)."""
    r = call.integer("downscale_factor")
    return build.reshape(build.add(SpaceToDepth(block_size=(r, r)), _batched(call, build)), call.shape)


def im2col(call: Call, build: Build) -> Value:
    """Each cell of each window as a channel (c, i, j), the windows in a row: unfold."""
    kernel, stride, padding, dilation = (_pair(call, name) for name in ("kernel_size", "stride", "padding", "dilation"))
    return _windows(call, build, _batched(call, build), kernel, stride, padding, dilation)


def col2im(call: Call, build: Build) -> Value:
    """Windows summed into the map that they would be cut from: fold."""
    kernel, stride, padding, dilation = (_pair(call, name) for name in ("kernel_size", "stride", "padding", "dilation"))
    x, size = call.value(), _pair(call, "output_size")
    columns = build.reshape(x, (1, *x.shape), suffix="batch") if len(x.shape) == 2 else x
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    counts = tuple(
        (length + 2 * p - span) // s + 1 for length, p, span, s in zip(size, padding, spans, stride, strict=True)
    )
    cells = kernel[0] * kernel[1]
    channels = columns.shape[1] // cells
    made = tuple((n - 1) * s + span - 2 * p for n, s, span, p in zip(counts, stride, spans, padding, strict=True))
    rest = tuple(length - held for length, held in zip(size, made, strict=True))  # smaller than the stride
    maps = build.reshape(columns, (columns.shape[0], columns.shape[1], *counts), suffix="windows")
    layer = ConvTranspose(
        num_output=channels,
        kernel_size=kernel,
        stride=stride,
        pad=padding,
        output_padding=rest,
        dilation=dilation,
        group=channels,
        bias_term=False,
    )
    units = torch.eye(cells).reshape(cells, 1, *kernel).repeat(channels, 1, 1, 1)
    return build.reshape(build.add(layer, maps, blobs=[build.blob(units, constant=True)]), call.shape)


def channel_shuffle(call: Call, build: Build) -> Value:
    """Channel (g, c) becomes channel (c, g)."""
    x, groups = call.value(any_type=True), call.integer("groups")
    if len(x.shape) == MAP_AXES and 1 < groups < x.shape[1]:
        return replace(build.add(ShuffleChannel(group=groups), x), dtype=x.dtype)
    places = torch.arange(x.shape[1]).reshape(groups, -1).T.reshape(-1)
    return gathered(build, x, 1, places)


def roll(call: Call, build: Build) -> Value:
    """Each axis turned by its shift; without axes the flattened tensor."""
    x, shifts, dims = call.value(any_type=True), call.integers("shifts"), call.integers("dims")
    if not dims:
        flat = build.reshape(x, (1, _count(x)), suffix="flat")
        turned = gathered(build, flat, 1, torch.arange(_count(x)).roll(shifts[0]), suffix="turned")
        return build.reshape(turned, call.shape)
    moves = {
        dim % len(x.shape): torch.arange(x.shape[dim]).roll(shift) for shift, dim in zip(shifts, dims, strict=True)
    }
    return _all_gathered(build, x, moves)


def flip(call: Call, build: Build) -> Value:
    x = call.value(any_type=True)
    return _all_gathered(
        build, x, {dim % len(x.shape): torch.arange(x.shape[dim]).flip(0) for dim in call.integers("dims")}
    )


def index_select(call: Call, build: Build) -> Value:
    x = call.value(any_type=True)
    return gathered(build, x, call.axis("dim", len(x.shape)), call.tensor("index").reshape(-1))


def index(call: Call, build: Build) -> Value:
    """x[:, constant]: constant indices for one axis, or for several, which are taken as one.

    Axes that are not neighbours go to the front, where torch puts what is chosen of them.
    """
    x, found = call.value(any_type=True), call.argument("indices")
    assert isinstance(found, list | tuple), "indices are a list"
    if any(isinstance(item, Value) for item in found):
        raise call.refused(
            "its indices depend on the net's input",
            why="a Caffe net reads the same cells every time",
            kind=DEPENDS_ON_INPUT,
        )
    tensors: list[torch.Tensor | None] = []
    for item in found:
        tensors += [item] if item is None or item.dtype != torch.bool else list(item.nonzero(as_tuple=True))
    axes = [axis for axis, item in enumerate(tensors) if item is not None]
    if axes != list(range(axes[0], axes[-1] + 1)):
        kept = [axis for axis in range(len(x.shape)) if axis not in axes]
        x = build.add(Permute(order=(*axes, *kept)), x, suffix="front")
        tensors, axes = [tensors[axis] for axis in axes], list(range(len(axes)))
    first, last = axes[0], axes[-1] + 1
    sizes = x.shape[first:last]
    places = torch.zeros((), dtype=torch.int64)
    for item, size in zip(tensors[first:last], sizes, strict=True):
        assert item is not None, "the axes are neighbours"
        places = places * size + item.long() % size
    rows = build.reshape(x, (*x.shape[:first], int(torch.tensor(sizes).prod()), *x.shape[last:]), suffix="rows")
    wanted = (*x.shape[:first], places.numel(), *x.shape[last:])
    taken = gathered(build, rows, first, places.reshape(-1), suffix="" if wanted == call.shape else "taken")
    return build.reshape(taken, call.shape)


# ---- what they share -------------------------------------------------------------------------------------------------


def _windows(
    call: Call,
    build: Build,
    x: Value,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> Value:
    channels, cells = x.shape[1], kernel[0] * kernel[1]
    units = torch.eye(cells).reshape(cells, 1, *kernel).repeat(channels, 1, 1, 1)
    layer = Convolution(
        num_output=channels * cells,
        kernel_size=kernel,
        stride=stride,
        pad=padding,
        dilation=dilation,
        group=channels,
        bias_term=False,
    )
    rank = len(call.shape)
    windows = build.add(layer, x, blobs=[build.blob(units, constant=True)], suffix="" if rank == 4 else "windows")
    return build.reshape(windows, call.shape)


def _all_gathered(build: Build, x: Value, moves: Mapping[int, torch.Tensor]) -> Value:
    axes = sorted(moves)
    for axis in axes:
        x = gathered(build, x, axis, moves[axis], suffix="" if axis == axes[-1] else f"axis{axis}")
    return x


def gathered(build: Build, x: Value, axis: int, places: torch.Tensor, *, suffix: str = "") -> Value:
    indices = tuple(int(place) % x.shape[axis] for place in places)
    return (
        x if indices == tuple(range(x.shape[axis])) else build.add(Gather(axis=axis, indices=indices), x, suffix=suffix)
    )


def _batched(call: Call, build: Build) -> Value:
    """The axes before a map as one."""
    x = call.value()
    return build.reshape(x, (prod(x.shape[:-3]), *x.shape[-3:]), suffix="batch")


def _pair(call: Call, name: str) -> tuple[int, int]:
    first, second = call.integers(name, 2)
    return first, second


def _count(x: Value) -> int:
    return int(torch.Size(x.shape).numel())


HANDLERS: Mapping[str, Handler] = {
    "aten.pixel_shuffle.default": pixel_shuffle,
    "aten.pixel_unshuffle.default": pixel_unshuffle,
    "aten.im2col.default": im2col,
    "aten.col2im.default": col2im,
    "aten.channel_shuffle.default": channel_shuffle,
    "aten.native_channel_shuffle.default": channel_shuffle,
    "aten.roll.default": roll,
    "aten.flip.default": flip,
    "aten.index_select.default": index_select,
    "aten.index.Tensor": index,
}
