"""Linear maps along single axes: every resize, and every choice of places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require
from caffe_ir.layers.source.reduction import require_axes


class Resample(Layer, frozen=True, kw_only=True):
    """Each line along each of `axes` is multiplied by that axis's matrix: y = M x.

    Blobs: for each axis its matrix (output_size, input size). torch: upsample_bilinear2d, upsample_bicubic2d, their
    antialiased forms, and every other resize that is linear in each axis.
    """

    axes: tuple[int, ...]
    output_size: tuple[int, ...]

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        self.infer(bottoms)
        return tuple((size, bottoms[0][axis]) for axis, size in zip(self.axes, self.output_size, strict=True))

    def infer(self, bottoms: Shapes) -> Shapes:
        require_axes(self.axes, bottoms[0])
        require(len(self.output_size) == len(self.axes), f"{self.output_size} are not the sizes of {self.axes}")
        require(min(self.output_size) >= 1, f"{self.output_size} is not a size")
        sizes = dict(zip(self.axes, self.output_size, strict=True))
        return (tuple(sizes.get(axis, size) for axis, size in enumerate(bottoms[0])),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        for axis, matrix in zip(self.axes, blobs, strict=True):
            x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
        return [np.ascontiguousarray(x)]


class Gather(Layer, frozen=True, kw_only=True):
    """The places `indices` of an axis, in that order, as often as they are named (torch: index_select, flip, roll)."""

    axis: int
    indices: tuple[int, ...]

    def infer(self, bottoms: Shapes) -> Shapes:
        require_axes((self.axis,), bottoms[0])
        size = bottoms[0][self.axis]
        require(self.indices != () and min(self.indices) >= 0 and max(self.indices) < size, f"places beyond {size}")
        return ((*bottoms[0][: self.axis], len(self.indices), *bottoms[0][self.axis + 1 :]),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.take(bottoms[0], self.indices, axis=self.axis)]
