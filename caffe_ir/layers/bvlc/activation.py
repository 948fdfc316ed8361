"""Layers that compute each value from one value."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import ClassVar

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Shapes, require, same_shape
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer


class Elementwise(CaffeLayer, frozen=True, kw_only=True):
    """A layer that computes each number from one number: its top has the bottom's shape, and may be it (`in_place`)."""

    in_place = True

    def infer(self, bottoms: Shapes) -> Shapes:
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        with np.errstate(all="ignore"):
            return [self._values(bottoms[0])]

    def _values(self, x: Array) -> Array:
        raise NotImplementedError


class ReLU(Elementwise, frozen=True, kw_only=True):
    """max(x, 0) + negative_slope min(x, 0) (relu_layer.cpp); so minus infinity with slope 0 is NaN."""

    param = "relu_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"engine"})
    negative_slope: float = 0.0

    def _values(self, x: Array) -> Array:
        if 0 < self.negative_slope <= 1:
            sloped = x * self.negative_slope
            return np.asarray(np.maximum(x, sloped, out=sloped))
        return _leaky(x, self.negative_slope)


class PReLU(Elementwise, frozen=True, kw_only=True):
    """max(x, 0) + a min(x, 0) with a slope for each channel, or one for all (prelu_layer.cpp)."""

    param = "prelu_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"filler"})
    channel_shared: bool = False

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        return ((),) if self.channel_shared else ((bottoms[0][1],),)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(2 <= len(bottoms[0]) <= 4, f"PReLU takes a bottom of 2 to 4 axes, not {len(bottoms[0])}")
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        slope = blobs[0] if self.channel_shared else blobs[0].reshape(-1, *(1 for _ in bottoms[0].shape[2:]))
        with np.errstate(all="ignore"):
            return [_leaky(bottoms[0], slope)]


def _leaky(x: Array, slope: float | Array) -> Array:
    top = np.minimum(x, 0)
    top *= slope
    top += np.maximum(x, 0)
    return np.asarray(top)


class ELU(Elementwise, frozen=True, kw_only=True):
    """x for x > 0, else alpha (e^x - 1) (elu_layer.cpp)."""

    param = "elu_param"
    alpha: float = 1.0

    def _values(self, x: Array) -> Array:
        return np.maximum(x, 0) + self.alpha * np.expm1(np.minimum(x, 0))


class Sigmoid(Elementwise, frozen=True, kw_only=True):
    """1 / (1 + e^-x), computed as 0.5 tanh(0.5 x) + 0.5 (sigmoid_layer.cpp)."""

    param = "sigmoid_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"engine"})

    def _values(self, x: Array) -> Array:
        return _sigmoid(x)


class TanH(Elementwise, frozen=True, kw_only=True):
    """tanh x (tanh_layer.cpp)."""

    param = "tanh_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"engine"})

    def _values(self, x: Array) -> Array:
        return np.asarray(np.tanh(x))


class Swish(Elementwise, frozen=True, kw_only=True):
    """x sigmoid(beta x) (swish_layer.cpp)."""

    param = "swish_param"
    beta: float = 1.0

    def _values(self, x: Array) -> Array:
        return x * _sigmoid(self.beta * x)


def _sigmoid(x: Array) -> Array:
    top = np.tanh(x * 0.5)
    top *= 0.5
    top += 0.5
    return np.asarray(top)


class Clip(Elementwise, frozen=True, kw_only=True):
    """max(min, min(x, max)) (clip_layer.cpp); NaN becomes min."""

    param = "clip_param"
    min: float
    max: float

    def _values(self, x: Array) -> Array:
        return np.asarray(np.fmax(np.minimum(x, self.max), self.min))


class AbsVal(Elementwise, frozen=True, kw_only=True):
    """The absolute value (absval_layer.cpp), the one activation that Caffe refuses in place."""

    in_place = False

    def _values(self, x: Array) -> Array:
        return np.abs(x)


class BNLL(Elementwise, frozen=True, kw_only=True):
    """log(1 + e^x), in the form that does not overflow (bnll_layer.cpp)."""

    def _values(self, x: Array) -> Array:
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


class Power(Elementwise, frozen=True, kw_only=True):
    """(shift + scale x)^power (power_layer.cpp); where power scale = 0 it is a constant, whatever x is."""

    param = "power_param"
    power: float = 1.0
    scale: float = 1.0
    shift: float = 0.0

    def _values(self, x: Array) -> Array:
        if self.power * self.scale == 0:
            return np.full_like(x, 1.0 if self.power == 0 else x.dtype.type(self.shift) ** self.power)
        base = x if self.scale == 1 else x * self.scale
        base = base if self.shift == 0 else base + self.shift
        return np.asarray(base if self.power == 1 else base**self.power)


class Exp(Elementwise, frozen=True, kw_only=True):
    """base^(shift + scale x) (exp_layer.cpp); base -1 stands for e."""

    param = "exp_param"
    base: float = -1.0
    scale: float = 1.0
    shift: float = 0.0

    def infer(self, bottoms: Shapes) -> Shapes:
        require(self.base == -1 or self.base > 0, f"base is {self.base}")
        return same_shape(bottoms)

    def _values(self, x: Array) -> Array:
        exponent = x * self.scale + self.shift
        return np.asarray(np.exp(exponent if self.base == -1 else exponent * log(self.base)))


class Log(Elementwise, frozen=True, kw_only=True):
    """The logarithm of shift + scale x (log_layer.cpp); base -1 stands for e."""

    param = "log_param"
    base: float = -1.0
    scale: float = 1.0
    shift: float = 0.0

    def infer(self, bottoms: Shapes) -> Shapes:
        require(self.base == -1 or (self.base > 0 and self.base != 1), f"base is {self.base}")
        return same_shape(bottoms)

    def _values(self, x: Array) -> Array:
        top = np.log(x * self.scale + self.shift)
        return np.asarray(top if self.base == -1 else top / log(self.base))


class Threshold(Elementwise, frozen=True, kw_only=True):
    """1 where x > threshold, else 0 (threshold_layer.cpp)."""

    param = "threshold_param"
    threshold: float = 0.0

    def _values(self, x: Array) -> Array:
        return (x > self.threshold).astype(x.dtype)


class Dropout(Elementwise, frozen=True, kw_only=True):
    """The value itself at inference (dropout_layer.cpp: training is scaled)."""

    param = "dropout_param"
    dropout_ratio: float = 0.5

    def _values(self, x: Array) -> Array:
        return x
