"""Axpy, of SENet's fork, and MatMul."""

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


class MatMul(CaffeLayer, frozen=True, kw_only=True):
    """The products of the matrices that the last two axes of two blobs are: OpenCV 4.9 to 4.14, ncnn, OpenVINO."""

    bottoms = (2, 2)

    def infer(self, bottoms: Shapes) -> Shapes:
        first, second = bottoms
        require(min(len(first), len(second)) >= 2, f"{first} and {second} are not matrices")
        require(first[:-2] == second[:-2], f"as many matrices on both sides, not {first[:-2]} and {second[:-2]}")
        require(first[-1] == second[-2], f"a sum over {first[-1]} and {second[-2]}")
        return ((*first[:-1], second[-1]),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        first, second = bottoms
        return [np.asarray(first @ second)]
