"""Layers of forks that move values about: axes in another order or backwards, channels shuffled, blocks as channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Shapes, axis_index, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer

if TYPE_CHECKING:
    from typing_extensions import Self


class Permute(CaffeLayer, frozen=True, kw_only=True):
    """Axis i of the top is axis order[i] of the bottom (torch: permute, transpose; SSD: permute_layer.cpp).

    In a file the axes that `order` leaves out follow in their order.
    """

    param = "permute_param"
    order: tuple[int, ...]

    def infer(self, bottoms: Shapes) -> Shapes:
        shape = bottoms[0]
        require(sorted(self.order) == list(range(len(shape))), f"{self.order} is not an order of the axes of {shape}")
        return (tuple(shape[axis] for axis in self.order),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.ascontiguousarray(bottoms[0].transpose(self.order))]

    def placed(self, bottoms: Shapes, tops: int) -> Self:
        rest = [axis for axis in range(len(bottoms[0])) if axis not in self.order]
        return replace(self, order=(*self.order, *rest))


class Reverse(CaffeLayer, frozen=True, kw_only=True):
    """The places of some axes in the opposite order, of the first where none is named (torch: flip).

    Theirs have one axis, 0 by default; Ascend has several.
    """

    param = "reverse_param"
    axis: tuple[int, ...] = ()

    def turned(self, ndim: int) -> tuple[int, ...]:
        """The axes, counted from the front. Raises ShapeError where one does not exist or is named twice."""
        axes = tuple(axis_index(axis, ndim) for axis in self.axis or (0,))
        require(len(set(axes)) == len(axes), f"it turns each of the axes {self.axis} once")
        return axes

    def infer(self, bottoms: Shapes) -> Shapes:
        self.turned(len(bottoms[0]))
        return (bottoms[0],)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.ascontiguousarray(np.flip(bottoms[0], self.turned(bottoms[0].ndim)))]


class ShuffleChannel(CaffeLayer, frozen=True, kw_only=True):
    """Channels in `group` groups, the first of each and then the second of each ... (torch: channel_shuffle)."""

    param = "shuffle_channel_param"
    group: int = 1

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        channels = bottoms[0][1]
        require(self.group >= 1 and channels % self.group == 0, f"{channels} channels in {self.group} groups")
        return bottoms

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.take(bottoms[0], self.indices(bottoms[0].shape[1]), axis=1)]

    def moved(self, bottom: Shape) -> tuple[Shape, tuple[int, ...]]:
        """The view of the bottom, and the order of its axes, that the top is a view of."""
        n, channels, *place = bottom
        return (n, self.group, channels // self.group, *place), (0, 2, 1, *range(3, len(bottom) + 1))

    def indices(self, channels: int) -> tuple[int, ...]:
        """The channel that each place takes."""
        places = np.arange(channels).reshape(self.group, channels // self.group)
        return tuple(map(int, places.T.reshape(-1)))


class Reorg(CaffeLayer, frozen=True, kw_only=True):
    """Darknet's [reorg] (blas.c, reorg_cpu; reorg_layer.c), which re-views its input before it takes blocks from it.

    With s the stride, oc = C / s^2 and X the bottom viewed as (N, oc, H s, W s), the top is Y viewed as
    (N, C s^2, H / s, W / s), Y[k, j, i] = X[k % oc, j s + k // oc // s, i s + k // oc % s].
    `reverse` is the way back from (N, C, H, W) to X, without the views. OpenCV and RKNN-Toolkit2 have it under this
    name; ncnn and TPU-MLIR have another layer of this name.
    """

    param = "reorg_param"
    stride: int
    reverse: bool = False

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        (n, c, h, w), s = bottoms[0], self.stride
        require(s >= 1, "its stride is at least 1")
        require(c % (s * s) == 0, f"{c} channels do not divide by {s} x {s}")
        if self.reverse:
            return ((n, c // (s * s), h * s, w * s),)
        require(h % s == 0 and w % s == 0, f"{h} x {w} does not divide by {s}")
        return ((n, c * s * s, h // s, w // s),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        (shape,) = self.infer((x.shape,))
        if self.reverse:
            return [blocks_from_channels(x, self.stride)]
        n, c, h, w = x.shape
        viewed = x.reshape(n, c // self.stride**2, h * self.stride, w * self.stride)
        return [channels_from_blocks(viewed, self.stride).reshape(shape)]


class ChannelReorg(CaffeLayer, frozen=True, kw_only=True):
    """What ncnn makes of a Reorg: Y[c s s + dy s + dx, j, i] = x[c, j s + dy, i s + dx] (torch: pixel_unshuffle)."""

    param = "reorg_param"
    variant = "cells of a channel side by side"
    stride: int

    @classmethod
    def type_name(cls) -> str:
        return "Reorg"

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        (n, c, h, w), s = bottoms[0], self.stride
        require(s >= 1 and h % s == 0 and w % s == 0, f"{h} x {w} does not divide by {s}")
        return ((n, c * s * s, h // s, w // s),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,), s = bottoms, self.stride
        n, c, h, w = x.shape
        blocks = x.reshape(n, c, h // s, s, w // s, s).transpose(0, 1, 3, 5, 2, 4)
        return [blocks.reshape(n, c * s * s, h // s, w // s)]


class PassThrough(CaffeLayer, frozen=True, kw_only=True):
    """Y[(dy w + dx) C + c, j, i] = x[c, j h + dy, i w + dx] with blocks of h x w cells (NNIE, Ascend)."""

    param = "pass_through_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"num_output"})
    block_height: int
    block_width: int

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        (n, c, height, width), h, w = bottoms[0], self.block_height, self.block_width
        require(
            min(h, w) >= 1 and height % h == 0 and width % w == 0, f"{height} x {width} does not divide by {h} x {w}"
        )
        return ((n, c * h * w, height // h, width // w),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,), h, w = bottoms, self.block_height, self.block_width
        return [np.concatenate([x[:, :, dy::h, dx::w] for dy, dx in np.ndindex(h, w)], axis=1)]


def channels_from_blocks(x: Array, stride: int) -> Array:
    """(N, C, H, W) to (N, s s C, H / s, W / s): channel (dy s + dx) C + c holds the cells (dy, dx) of the blocks."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // stride, stride, w // stride, stride)
    return blocks.transpose(0, 3, 5, 1, 2, 4).reshape(n, -1, h // stride, w // stride)


def blocks_from_channels(x: Array, stride: int) -> Array:
    """The way back: (N, s s C, H, W) to (N, C, H s, W s)."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, stride, stride, c // stride**2, h, w)
    return blocks.transpose(0, 3, 4, 1, 5, 2).reshape(n, -1, h * stride, w * stride)
