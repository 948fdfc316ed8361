"""Changes of the size of a map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require
from caffe_ir.layers.interpolation import Interpolation, filtered, interpolated
from caffe_ir.layers.source.reduction import require_axes


class NearestUpsample(Layer, frozen=True, kw_only=True):
    """Each cell of (N, C, H, W) becomes a block of `scale` (rows, columns) equal cells.

    Darknet: blas.c, upsample_cpu; torch: interpolate(mode="nearest") by a whole factor.
    """

    scale: tuple[int, int]

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it enlarges (N, C, H, W)")
        require(min(self.scale) >= 1, f"{self.scale} does not enlarge")
        n, c, h, w = bottoms[0]
        return ((n, c, h * self.scale[0], w * self.scale[1]),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [bottoms[0].repeat(self.scale[0], axis=2).repeat(self.scale[1], axis=3)]


class Resize(Layer, frozen=True, kw_only=True):
    """Linear or cubic interpolation of each line along each of `axes`, to `output_size`.

    `scale` has the factor for each axis that the source names and that lies between old places and new, 0 where that
    is the ratio of the sizes; `antialias` makes each cell of a line that shrinks count (torch: interpolate with
    bilinear, bicubic, antialias=True; the formulas are in caffe_ir/layers/interpolation.py).
    """

    mode: Interpolation
    axes: tuple[int, ...]
    output_size: tuple[int, ...]
    align_corners: bool = False
    antialias: bool = False
    scale: tuple[float, ...] = ()

    def infer(self, bottoms: Shapes) -> Shapes:
        require_axes(self.axes, bottoms[0])
        require(len(self.output_size) == len(self.axes), f"{self.output_size} are not the sizes of {self.axes}")
        require(len(self.scale) in (0, len(self.axes)), f"{self.scale} are not the factors of {self.axes}")
        require(min(self.output_size) >= 1, f"{self.output_size} is not a size")
        sizes = dict(zip(self.axes, self.output_size, strict=True))
        return (tuple(sizes.get(axis, size) for axis, size in enumerate(bottoms[0])),)

    def matrix(self, axis: int, size: int) -> Array:
        """What each new place of an axis takes of each of its `size` old ones, float64 (output size, size)."""
        place = self.axes.index(axis)
        weights = filtered if self.antialias else interpolated
        scale = self.scale[place] if self.scale else 0.0
        return weights(self.mode, size, self.output_size[place], align_corners=self.align_corners, scale=scale)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        for axis in self.axes:
            matrix = self.matrix(axis, x.shape[axis]).astype(x.dtype, copy=False)
            x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
        return [np.ascontiguousarray(x)]
