"""Activations of forks: each works on one value at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layers.bvlc.activation import Elementwise

if TYPE_CHECKING:
    from typing_extensions import Self


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


class UnscaledDropout(Elementwise, frozen=True, kw_only=True):
    """A Dropout that says where it scales: with `scale_train: false` not in training but at inference, by 1 - ratio
    (Fast R-CNN's dropout_layer.cpp; OpenCV, ncnn)."""

    param = "dropout_param"
    variant = "scale_train"
    dropout_ratio: float = 0.5
    scale_train: bool = True

    @classmethod
    def type_name(cls) -> str:
        return "Dropout"

    def spelled(self) -> dict[str, Any]:
        return {**super().spelled(), "scale_train": self.scale_train}

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        if "scale_train" not in spelled:
            raise ValueError("it has no scale_train")
        return super().parsed(spelled)

    @property
    def factor(self) -> float:
        """What it multiplies by at inference."""
        return 1.0 if self.scale_train else 1.0 - self.dropout_ratio

    def _values(self, x: Array) -> Array:
        return np.asarray(x * x.dtype.type(self.factor))
