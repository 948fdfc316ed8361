"""Changes of the size of a map."""

from __future__ import annotations

from collections.abc import Sequence

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require


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
