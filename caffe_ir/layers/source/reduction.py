"""Sums, means and extremes over any axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Layer, Shapes, require

REDUCTIONS: dict[str, Callable[..., Array]] = {"SUM": np.sum, "MEAN": np.mean, "MAX": np.max, "MIN": np.min}


def require_axes(axes: tuple[int, ...], shape: Shape) -> None:
    """Raise ShapeError unless the axes are there, rise, and count from the front."""
    rising = list(axes) == sorted(set(axes)) and axes != ()
    require(rising and axes[0] >= 0 and axes[-1] < len(shape), f"{axes} are not axes of {shape}")


class Reduce(Layer, frozen=True, kw_only=True):
    """`scale` times the sum, the mean, the largest or the smallest over `axes`, which become 1 or go.

    torch: sum, mean, amax, amin.
    """

    operation: Literal["SUM", "MEAN", "MAX", "MIN"]
    axes: tuple[int, ...]
    keepdim: bool = False
    scale: float = 1.0

    def infer(self, bottoms: Shapes) -> Shapes:
        require_axes(self.axes, bottoms[0])
        kept = [(1 if axis in self.axes else size) for axis, size in enumerate(bottoms[0])]
        return (tuple(size for axis, size in enumerate(kept) if self.keepdim or axis not in self.axes),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        reduced = REDUCTIONS[self.operation](x, axis=self.axes, keepdims=self.keepdim)
        return [np.asarray(reduced * x.dtype.type(self.scale))]
