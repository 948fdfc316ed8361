"""Exchanges of space for channels. AlexeyAB's is not what its name promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Layer, Shapes, require
from caffe_ir.layers.forks.shape import blocks_from_channels, channels_from_blocks

Mode = Literal["CRD", "DCR"]
"""Whether the channel of a map comes before the place in a block, or behind it (the modes of ONNX's DepthToSpace)."""
Order = tuple[int, ...]


class DepthToSpace(Layer, frozen=True, kw_only=True):
    """Channels become cells of s x t blocks: y[c, j s + dy, i t + dx] = x[k, j, i].

    k = c s t + dy t + dx in the mode CRD (torch: pixel_shuffle), (dy t + dx) C + c in DCR (TensorFlow: depth_to_space),
    for C channels of y.
    """

    block_size: tuple[int, int]
    mode: Mode = "CRD"

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        (n, c, h, w), (s, t) = bottoms[0], self.block_size
        require(min(s, t) >= 1 and c % (s * t) == 0, f"{c} channels do not divide by {s} x {t}")
        return ((n, c // (s * t), h * s, w * t),)

    def moved(self, bottom: Shape) -> tuple[Shape, Order]:
        """The view of the bottom, and the order of its axes, that the top is a view of."""
        (n, c, h, w), (s, t) = bottom, self.block_size
        if self.mode == "CRD":
            return (n, c // (s * t), s, t, h, w), (0, 1, 4, 2, 5, 3)
        return (n, s, t, c // (s * t), h, w), (0, 3, 4, 1, 5, 2)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        view, order = self.moved(x.shape)
        return [x.reshape(view).transpose(order).reshape(self.infer((x.shape,))[0])]


class SpaceToDepth(Layer, frozen=True, kw_only=True):
    """The way back: y[k, j, i] = x[c, j s + dy, i t + dx] for the same k (torch: pixel_unshuffle)."""

    block_size: tuple[int, int]
    mode: Mode = "CRD"

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        (n, c, h, w), (s, t) = bottoms[0], self.block_size
        require(min(s, t) >= 1 and h % s == 0 and w % t == 0, f"{h} x {w} does not divide by {s} x {t}")
        return ((n, c * s * t, h // s, w // t),)

    def moved(self, bottom: Shape) -> tuple[Shape, Order]:
        """The view of the bottom, and the order of its axes, that the top is a view of."""
        (n, c, h, w), (s, t) = bottom, self.block_size
        return (n, c, h // s, s, w // t, t), (0, 1, 3, 5, 2, 4) if self.mode == "CRD" else (0, 3, 5, 1, 2, 4)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        view, order = self.moved(x.shape)
        return [x.reshape(view).transpose(order).reshape(self.infer((x.shape,))[0])]


class Cells(Layer, frozen=True, kw_only=True):
    """Y[p C + c, j, i] = x[c, j s + dy, i t + dx] with (dy, dx) = cells[p]: cells of s x t blocks, side by side.

    torch: the concatenation of x[..., dy::s, dx::t], as in YOLOv5's Focus.
    """

    stride: tuple[int, int]
    cells: tuple[tuple[int, int], ...]

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        (n, c, h, w), (s, t) = bottoms[0], self.stride
        require(min(s, t) >= 1 and h % s == 0 and w % t == 0, f"{h} x {w} does not divide by {s} x {t}")
        inside = all(0 <= dy < s and 0 <= dx < t for dy, dx in self.cells)
        require(bool(self.cells) and inside, f"{self.cells} are not cells of {s} x {t}")
        return ((n, len(self.cells) * c, h // s, w // t),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,), (s, t) = bottoms, self.stride
        return [np.concatenate([x[:, :, dy::s, dx::t] for dy, dx in self.cells], axis=1)]


class Reorg3d(Layer, frozen=True, kw_only=True):
    """AlexeyAB's [reorg3d] (reorg_layer.c): Y[k, j, i] = x[k % C, j s + k // C // s, i s + k // C % s], k < C s^2.

    `reverse` views its input as (N, C / s^2, H s, W s) first, takes that for the channels of the way back, and views
    what it gets in that shape again; so it does not undo the other.
    """

    stride: int
    reverse: bool = False

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        (n, c, h, w), s = bottoms[0], self.stride
        require(s >= 1, "its stride is at least 1")
        if self.reverse:
            require(c % s**4 == 0, f"{c} channels do not divide by {s} x {s} twice")
            return ((n, c // (s * s), h * s, w * s),)
        require(h % s == 0 and w % s == 0, f"{h} x {w} does not divide by {s}")
        return ((n, c * s * s, h // s, w // s),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        (shape,) = self.infer((x.shape,))
        if not self.reverse:
            return [channels_from_blocks(x, self.stride)]
        return [blocks_from_channels(x.reshape(shape), self.stride).reshape(shape)]
