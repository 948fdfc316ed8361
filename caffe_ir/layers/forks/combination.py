"""Axpy, of SENet's fork."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer


class Axpy(CaffeLayer, frozen=True, kw_only=True):
    """a x + y, with one number of a, (N, C, 1, 1), for each channel of x (axpy_layer.cpp)."""

    bottoms = (3, 3)

    def infer(self, bottoms: Shapes) -> Shapes:
        factor, x, y = bottoms
        require(len(x) == 4 and x == y, f"it adds maps of one shape, not {x} and {y}")
        require(factor in ((*x[:2], 1, 1), x[:2]), f"{factor} is not a number for each channel of {x}")
        return (x,)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        factor, x, y = bottoms
        return [np.asarray(factor.reshape(*x.shape[:2], 1, 1) * x + y)]
