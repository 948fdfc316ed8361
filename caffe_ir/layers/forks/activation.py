"""Activations of forks: each works on one value at a time."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layers.bvlc.activation import Elementwise


class HardSigmoid(Elementwise, frozen=True, kw_only=True):
    """min(max(0.2 x + 0.5, 0), 1), as ONNX has it where nothing else is said: OpenCV, ncnn; not torch's."""

    def _values(self, x: Array) -> Array:
        return np.asarray(np.clip(0.2 * x + 0.5, 0, 1))


class HardSwish(Elementwise, frozen=True, kw_only=True):
    """x min(max(x + 3, 0), 6) / 6 (Howard et al., 2019; torch: hardswish): OpenCV."""

    def _values(self, x: Array) -> Array:
        return np.asarray(x * np.clip(x + 3, 0, 6) / 6)


class Mish(Elementwise, frozen=True, kw_only=True):
    """x tanh(log(1 + e^x)) (Misra, 2019): OpenCV, ncnn, TPU-MLIR."""

    def _values(self, x: Array) -> Array:
        return np.asarray(x * np.tanh(np.logaddexp(x, np.zeros((), x.dtype))))


class ReLU6(Elementwise, frozen=True, kw_only=True):
    """min(max(x, 0), 6): OpenCV, ncnn, MNN, OpenVINO, RKNN, Ascend."""

    def _values(self, x: Array) -> Array:
        return np.asarray(np.clip(x, 0, 6))
