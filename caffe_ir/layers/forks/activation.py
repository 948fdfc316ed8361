"""Activations of forks: each works on one value at a time."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layers.bvlc.activation import Elementwise


class Mish(Elementwise, frozen=True, kw_only=True):
    """x tanh(log(1 + e^x)) (Misra, 2019): OpenCV, ncnn, TPU-MLIR."""

    def _values(self, x: Array) -> Array:
        return np.asarray(x * np.tanh(np.logaddexp(x, np.zeros((), x.dtype))))


class ReLU6(Elementwise, frozen=True, kw_only=True):
    """min(max(x, 0), 6): OpenCV, ncnn, MNN, OpenVINO, RKNN, Ascend."""

    def _values(self, x: Array) -> Array:
        return np.asarray(np.clip(x, 0, 6))
