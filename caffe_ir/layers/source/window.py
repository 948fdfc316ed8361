"""Pooling as the sources mean it: explicit windows, which need not be the ones that Caffe's Pooling would take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Layer, Shapes, require

Pair = tuple[int, int]


class WindowPool(Layer, frozen=True, kw_only=True):
    """The maximum or the mean over windows of (N, C, H, W), given by where they begin, per axis (vertical, horizontal).

    Window `i` holds the cells `i * stride - begin + j * dilation` for `j < kernel_size` that lie inside the image.
    A mean divides by `divisor`: the number of its cells ("valid"), the same counting `begin` cells before and `end`
    cells behind the image ("padded", torch's count_include_pad), or a number (1 makes it a sum).
    Every window of a maximum or of a "valid" mean holds a cell. Darknet: maxpool_layer.c, forward_maxpool_layer;
    torch: max_pool2d, avg_pool2d.
    """

    pool: Literal["MAX", "AVE"]
    kernel_size: Pair
    stride: Pair
    output_size: Pair
    begin: Pair = (0, 0)
    end: Pair = (0, 0)
    dilation: Pair = (1, 1)
    divisor: Literal["valid", "padded"] | int = "valid"

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it pools (N, C, H, W)")
        for steps in (self.kernel_size, self.stride, self.dilation, self.output_size):
            require(min(steps) >= 1, f"{steps} is not a size")
        require(min(*self.begin, *self.end) >= 0, "padding is never negative")
        free = self.pool == "AVE" and isinstance(self.divisor, int)
        for counts in self._counts(bottoms[0]):
            require(free or counts.min() > 0, "a window lies outside")
        return ((*bottoms[0][:2], *self.output_size),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        outside = -np.inf if self.pool == "MAX" else 0.0
        spread = np.pad(x, ((0, 0), (0, 0), *self._margins(x.shape)), constant_values=outside)
        (oh, ow), (sh, sw), (dh, dw) = self.output_size, self.stride, self.dilation
        pooled = np.full((*x.shape[:2], oh, ow), outside, x.dtype)
        gather = np.maximum if self.pool == "MAX" else np.add
        for row in range(0, self.kernel_size[0] * dh, dh):
            for column in range(0, self.kernel_size[1] * dw, dw):
                taps = spread[:, :, row : row + (oh - 1) * sh + 1 : sh, column : column + (ow - 1) * sw + 1 : sw]
                gather(pooled, taps, out=pooled)
        return [pooled if self.pool == "MAX" else (pooled / self.divisors(x.shape)).astype(x.dtype, copy=False)]

    def cells(self, axis: Literal[0, 1], size: int) -> tuple[Array, Array]:
        """The first cell of each window inside an image of `size` on one axis (0 vertical, 1 horizontal), and how many.

        They are `dilation` apart.
        """
        kernel, stride, dilation, begin = (
            pair[axis] for pair in (self.kernel_size, self.stride, self.dilation, self.begin)
        )
        starts = np.arange(self.output_size[axis]) * stride - begin
        first = starts + np.maximum(0, -(starts // dilation)) * dilation
        stop = np.minimum(starts + kernel * dilation, size)
        return first, np.maximum(0, -((first - stop) // dilation))

    def divisors(self, bottom: Shape) -> Array:
        """What the sum of each window is divided by, float64 of `output_size`."""
        if isinstance(self.divisor, int):
            return np.full(self.output_size, self.divisor, np.float64)
        rows, columns = self._counts(bottom)
        return np.outer(rows, columns).astype(np.float64)

    def _counts(self, bottom: Shape) -> tuple[Array, Array]:
        """How many cells each window counts, per axis."""
        return (self._counted(0, bottom[2]), self._counted(1, bottom[3]))

    def _counted(self, axis: Literal[0, 1], size: int) -> Array:
        if self.pool == "MAX" or self.divisor != "padded":
            return self.cells(axis, size)[1]
        kernel, stride, dilation = self.kernel_size[axis], self.stride[axis], self.dilation[axis]
        starts = np.arange(self.output_size[axis]) * stride
        stop = np.minimum(starts + kernel * dilation, self.begin[axis] + size + self.end[axis])
        return np.maximum(0, -((starts - stop) // dilation))

    def _margins(self, bottom: Shape) -> tuple[Pair, Pair]:
        """How far the windows reach beyond the image, per axis: before and behind."""
        reach = [
            (count - 1) * stride + (kernel - 1) * dilation + 1
            for count, stride, kernel, dilation in zip(
                self.output_size, self.stride, self.kernel_size, self.dilation, strict=True
            )
        ]
        top, left = self.begin
        return (top, max(0, reach[0] - top - bottom[2])), (left, max(0, reach[1] - left - bottom[3]))


class SignedMaximum(Layer, frozen=True, kw_only=True):
    """The maximum over windows of numbers that may all be negative, where a reader's Pooling begins with 0."""

    windows: WindowPool

    def infer(self, bottoms: Shapes) -> Shapes:
        return self.windows.infer(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return self.windows.forward(bottoms, blobs)
