"""Axes in another order, and blobs repeated to a larger shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.errors import ShapeError
from caffe_ir.layer import Layer, Shapes, require


class Exchange(Layer, frozen=True, kw_only=True):
    """(P, X, Y, Q) -> (P, Y, X, Q): the second axis and the third change places."""

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, f"it exchanges the inner axes of four, not of {len(bottoms[0])}")
        first, second, third, last = bottoms[0]
        return ((first, third, second, last),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.ascontiguousarray(bottoms[0].swapaxes(1, 2))]


class Expand(Layer, frozen=True, kw_only=True):
    """The blob repeated along new axes in front and along axes of size 1, to `shape` (torch: expand)."""

    shape: Shape

    def infer(self, bottoms: Shapes) -> Shapes:
        try:
            fits = np.broadcast_shapes(bottoms[0], self.shape) == self.shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(f"{bottoms[0]} does not expand to {self.shape}")
        return (self.shape,)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.ascontiguousarray(np.broadcast_to(bottoms[0], self.shape))]
