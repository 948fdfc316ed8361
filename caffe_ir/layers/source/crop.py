"""Taking a part of a map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require


class CropTo(Layer, frozen=True, kw_only=True):
    """`height` rows of (N, C, H, W) from row `top` on, and `width` columns from column `left` on."""

    top: int
    left: int
    height: int
    width: int

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it crops (N, C, H, W)")
        n, c, h, w = bottoms[0]
        require(min(self.top, self.left) >= 0 and min(self.height, self.width) >= 1, "a part has a place and a size")
        require(self.top + self.height <= h and self.left + self.width <= w, f"the part reaches beyond {h} x {w}")
        return ((n, c, self.height, self.width),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        rows, columns = slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)
        return [np.ascontiguousarray(bottoms[0][:, :, rows, columns])]
