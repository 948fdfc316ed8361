"""Exchanges of space for channels. Darknet's two are not what their names promise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require


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
        require(bool(self.cells) and inside, f"{self.cells} are no cells of {s} x {t}")
        return ((n, len(self.cells) * c, h // s, w // t),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,), (s, t) = bottoms, self.stride
        return [np.concatenate([x[:, :, dy::s, dx::t] for dy, dx in self.cells], axis=1)]


class Reorg(Layer, frozen=True, kw_only=True):
    """Darknet's [reorg] (blas.c, reorg_cpu; reorg_layer.c), which re-views its input before it takes blocks from it.

    With s the stride, oc = C / s^2 and X the bottom viewed as (N, oc, H s, W s), the top is Y viewed as
    (N, C s^2, H / s, W / s), Y[k, j, i] = X[k % oc, j s + k // oc // s, i s + k // oc % s].
    `reverse` is the way back from (N, C, H, W) to X, without the views.
    """

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
