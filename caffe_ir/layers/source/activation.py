"""Activations that Caffe has no layer for. Sources: activations.c, activation_kernels.cu of both Darknets; torch.nn."""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, erfc, inf, sqrt

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require, same_shape


class Activation(Layer, frozen=True, kw_only=True):
    """Base of what works on each value by itself."""

    def infer(self, bottoms: Shapes) -> Shapes:
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [self.apply(bottoms[0])]

    def apply(self, x: Array) -> Array:
        """The activation of each value."""
        raise NotImplementedError


class HardMish(Activation, frozen=True, kw_only=True):
    """x for x > 0, x^2 / 2 + x for -2 < x <= 0, else 0 (AlexeyAB: hardmish_yashas)."""

    def apply(self, x: Array) -> Array:
        return np.where(x > 0, x, np.where(x > -2, x * x / 2 + x, 0)).astype(x.dtype, copy=False)


class GeluTanh(Activation, frozen=True, kw_only=True):
    """0.5 x (1 + tanh(0.797885 x + 0.035677 x^3)), with AlexeyAB's own digits (gelu_activate)."""

    linear: float = 0.797885
    cubic: float = 0.035677

    def apply(self, x: Array) -> Array:
        return np.asarray(0.5 * x * (1 + np.tanh(self.linear * x + self.cubic * x**3)))


class Gelu(Activation, frozen=True, kw_only=True):
    """x Phi(x) = x erfc(-x / sqrt(2)) / 2, Phi the normal distribution (torch: gelu, approximate="none")."""

    def apply(self, x: Array) -> Array:
        tail = np.asarray(np.frompyfunc(erfc, 1, 1)(x.astype(np.float64) * -sqrt(0.5)), np.float64)
        return np.asarray(0.5 * x * tail, x.dtype)


class Erf(Activation, frozen=True, kw_only=True):
    """2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x (torch: erf)."""

    def apply(self, x: Array) -> Array:
        return np.asarray(np.frompyfunc(erf, 1, 1)(x.astype(np.float64)), x.dtype)


class Softplus(Activation, frozen=True, kw_only=True):
    """log(1 + e^(beta x)) / beta, and x itself where beta x > threshold (torch: softplus)."""

    beta: float = 1.0
    threshold: float = inf

    def apply(self, x: Array) -> Array:
        scaled = self.beta * x
        smooth = np.logaddexp(scaled, np.zeros((), x.dtype)) / self.beta
        return np.where(scaled > self.threshold, x, smooth)


class HardSigmoid6(Activation, frozen=True, kw_only=True):
    """min(max(x + 3, 0), 6) / 6 (torch: hardsigmoid)."""

    def apply(self, x: Array) -> Array:
        return np.asarray(np.clip(x + 3, 0, 6) / 6)


class Selu(Activation, frozen=True, kw_only=True):
    """scale x for x >= 0, else scale alpha (e^x - 1); Darknet takes scale 1.0507 and alpha 1.6732 (selu_activate)."""

    alpha: float
    scale: float

    def apply(self, x: Array) -> Array:
        return np.asarray(self.scale * np.where(x >= 0, x, self.alpha * np.expm1(np.minimum(x, 0))))


class Ramp(Activation, frozen=True, kw_only=True):
    """max(x, 0) + 0.1 x (ramp_activate)."""

    def apply(self, x: Array) -> Array:
        return np.maximum(x, 0) + 0.1 * x


class Plse(Activation, frozen=True, kw_only=True):
    """0.01 (x + 4) for x < -4, 0.01 (x - 4) + 1 for x > 4, else 0.125 x + 0.5 (plse_activate)."""

    def apply(self, x: Array) -> Array:
        outer = np.where(x < 0, 0.01 * (x + 4), 0.01 * (x - 4) + 1)
        return np.where(np.abs(x) > 4, outer, 0.125 * x + 0.5)


class LHTan(Activation, frozen=True, kw_only=True):
    """0.001 x for x < 0, 0.001 (x - 1) + 1 for x > 1, else x (lhtan_activate)."""

    def apply(self, x: Array) -> Array:
        return np.where(x < 0, 0.001 * x, np.where(x > 1, 0.001 * (x - 1) + 1, x))


class NormalizeChannels(Layer, frozen=True, kw_only=True):
    """y = f / (1e-4 + sum over the channels of f) at each place of (N, C, H, W).

    f = max(x, 0), or e^x where `softmax` is set, or e^(x - m) with m the place's maximum where `subtract_max` is, too
    (AlexeyAB: activate_array_normalize_channels and activate_array_normalize_channels_softmax).
    """

    softmax: bool
    subtract_max: bool
    eps: float = 1e-4

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        require(self.softmax or not self.subtract_max, "the maximum is subtracted before e^x only")
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        shifted = x - x.max(axis=1, keepdims=True) if self.subtract_max else x
        f = np.exp(shifted) if self.softmax else np.maximum(x, 0)
        return [f / (self.eps + f.sum(axis=1, keepdims=True))]
