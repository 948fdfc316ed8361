"""A factor and an offset for each channel, which normalisation with stored statistics comes to."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array


class Affine(Struct, frozen=True, kw_only=True):
    """y = slope x + offset for each channel (C), in float64."""

    slope: Array
    offset: Array

    def then(self, after: Affine) -> Affine:
        """One behind the other, as one."""
        return Affine(slope=after.slope * self.slope, offset=after.slope * self.offset + after.offset)


def normalization(mean: Array, variance: Array, eps: float) -> Affine:
    """(x - mean) / sqrt(variance + eps): batch_norm_layer.cpp with global statistics; torch/nn/functional.py,
    batch_norm with training false."""
    slope = 1 / np.sqrt(variance + eps)
    return Affine(slope=slope, offset=-mean * slope)
