"""Spatial pyramid pooling (He et al., 2014): maps of any size as vectors of one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer, usable
from caffe_ir.layers.bvlc.pooling import Pooling


class SPP(CaffeLayer, frozen=True, kw_only=True):
    """Poolings of 1 x 1, 2 x 2, 4 x 4 ... windows, flattened and one behind the other (spp_layer.cpp).

    (N, C (4^pyramid_height - 1) / 3); the map (N, C, 1, 1) where there is one level alone.
    """

    param = "spp_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"engine"})
    pyramid_height: int
    pool: Literal["MAX", "AVE"] = "MAX"

    def levels(self, bottom: Shape) -> list[Pooling]:
        """The poolings that it is made of (GetPoolingParam): as many windows along each axis, padded on both sides."""
        require(len(bottom) == 4, "it takes (N, C, H, W)")
        require(self.pyramid_height >= 1, "pyramid_height is at least 1")
        return [self._level(bottom, 2**level) for level in range(self.pyramid_height)]

    def _level(self, bottom: Shape, count: int) -> Pooling:
        taps = tuple(-(-size // count) for size in bottom[2:])
        pad = tuple((tap * count - size + 1) // 2 for tap, size in zip(taps, bottom[2:], strict=True))
        return Pooling(pool=self.pool, kernel_size=taps, stride=taps, pad=pad)

    def infer(self, bottoms: Shapes) -> Shapes:
        (bottom,) = bottoms
        tops = [level.infer(bottoms)[0] for level in self.levels(bottom)]
        if len(tops) == 1:
            return (tops[0],)
        return (usable((bottom[0], sum(int(np.prod(top[1:])) for top in tops))),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        tops = [level.forward(bottoms, ())[0] for level in self.levels(bottoms[0].shape)]
        if len(tops) == 1:
            return tops
        return [np.concatenate([top.reshape(len(top), -1) for top in tops], axis=1)]
