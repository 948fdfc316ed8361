"""Normalize of the SSD fork."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.float32 import Float32
from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer


class Normalize(CaffeLayer, frozen=True, kw_only=True):
    """s x / sqrt(sum x^2 + eps): the sum over the channels of each place, or over the whole image.

    normalize_layer.cpp. Its weights are one factor for each channel, or one for all.
    """

    param = "norm_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"scale_filler"})
    across_spatial: bool = True
    channel_shared: bool = True
    eps: float = Float32(1e-10)

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        return ((),) if self.channel_shared else ((bottoms[0][1],),)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        return bottoms

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,), (scale,) = bottoms, blobs
        axes = (1, 2, 3) if self.across_spatial else (1,)
        length = np.sqrt(np.square(x).sum(axis=axes, keepdims=True) + x.dtype.type(self.eps))
        return [np.asarray(x / length * scale.reshape(-1, 1, 1))]
