"""Scaling each place to length 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require, same_shape


class L2Norm(Layer, frozen=True, kw_only=True):
    """y = x / sqrt(sum over the channels of x^2) for (N, C, H, W), without an epsilon (Darknet: l2norm_layer.c)."""

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        return [x / np.sqrt(np.square(x).sum(axis=1, keepdims=True))]
