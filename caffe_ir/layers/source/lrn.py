"""Darknet's local response normalisation, which is not Caffe's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require, same_shape


class DarknetLRN(Layer, frozen=True, kw_only=True):
    """y = x (kappa + alpha sum_j M[k, j] x[j]^2)^-beta over the channels of (N, C, H, W), M as `window` gives it.

    Darknet: normalization_layer.c, forward_normalization_layer.
    """

    size: int
    alpha: float
    beta: float
    kappa: float

    def window(self, channels: int) -> Array:
        """M, (C, C): 1 for j from k - (size - 1) // 2 to k + size // 2, and 1 less in the whole column size // 2.

        Darknet slides its sum along the channels; the first one lacks the square of channel size // 2, and no later
        step adds it. alpha is not divided by the size.
        """
        k, j = np.arange(channels)[:, None], np.arange(channels)[None, :]
        inside = (k - (self.size - 1) // 2 <= j) & (j <= k + self.size // 2)
        band: Array = inside.astype(np.float64) - (j == self.size // 2)
        return band

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        require(self.size >= 1, "its window holds a channel")
        require(self.size // 2 <= bottoms[0][1], "Darknet reads beyond its last channel")
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        n, c, h, w = x.shape
        sums = self.window(c).astype(x.dtype) @ np.square(x).reshape(n, c, h * w)
        norms = self.kappa + self.alpha * sums.reshape(x.shape)
        return [(x * norms**-self.beta).astype(x.dtype, copy=False)]
