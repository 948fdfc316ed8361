"""Rough first and second moments of what a layer gives on, so that seeded weights can be sized without a forward.

Estimates, good to a factor of two or so; nothing is ever compared with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.cfg_shapes import Layer

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class Moments:
    """E[x] and E[x^2]."""

    mean: float
    square: float

    @property
    def variance(self) -> float:
        """E[x^2] - E[x]^2, never quite zero."""
        return max(self.square - self.mean**2, 1e-3 * self.square)


def activated(mean: float, square: float, activation: str) -> Moments:
    """The moments behind an activation whose input is normal with the given ones."""
    spread = np.sqrt(max(square - mean**2, 0.0))
    y = CURVES.get(activation, _linear)(mean + spread * _NORMAL)
    return Moments(mean=float(np.sum(_WEIGHT * y)), square=float(np.sum(_WEIGHT * y * y)))


def moments_after(layer: Layer, before: Moments, known: list[Moments]) -> Moments:
    """The moments behind a layer that has no weights of its own."""
    rule = RULES.get(layer.section.kind)
    return before if rule is None else rule(layer, before, [known[i] for i in layer.sources])


def _linear(x: Array) -> Array:
    return x


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _pool(layer: Layer, x: Moments, sources: list[Moments]) -> Moments:
    # The maximum of a window of alike neighbours: above the mean, and less scattered.
    size = layer.section.integer("size", layer.section.integer("stride", 1))
    mean = x.mean + (0.5 if size <= 3 else 1.0) * np.sqrt(x.variance)
    return Moments(mean=float(mean), square=float(mean**2 + 0.9 * x.variance))


def _avgpool(layer: Layer, x: Moments, sources: list[Moments]) -> Moments:
    return Moments(mean=x.mean, square=x.mean**2 + 0.5 * x.variance)


def _route(layer: Layer, x: Moments, sources: list[Moments]) -> Moments:
    return Moments(mean=float(np.mean([m.mean for m in sources])), square=float(np.mean([m.square for m in sources])))


def _shortcut(layer: Layer, x: Moments, sources: list[Moments]) -> Moments:
    s = layer.section
    weighted = s.options.get("weights_type", "none") != "none" and "weights_normalization" in s.options
    shares = [s.real("alpha", 1.0)] + [s.real("beta", 1.0)] * len(sources)
    shares = [share / len(shares) for share in shares] if weighted else shares
    terms = [x, *sources]
    mean = sum(share * m.mean for share, m in zip(shares, terms, strict=True))
    variance = sum(share**2 * m.variance for share, m in zip(shares, terms, strict=True))
    return activated(mean, mean**2 + variance, s.options.get("activation", "linear"))


def _product(layer: Layer, x: Moments, sources: list[Moments]) -> Moments:
    mean, square = x.mean * sources[0].mean, x.square * sources[0].square
    return activated(mean, square, layer.section.options.get("activation", "linear"))


def _crop(layer: Layer, x: Moments, sources: list[Moments]) -> Moments:
    if layer.section.integer("noadjust", 0):
        return x
    return Moments(mean=2 * x.mean - 1, square=(2 * x.mean - 1) ** 2 + 4 * x.variance)


def _upsample(layer: Layer, x: Moments, sources: list[Moments]) -> Moments:
    scale = layer.section.real("scale", 1.0)
    return Moments(mean=scale * x.mean, square=scale**2 * x.square)


def _activation(layer: Layer, x: Moments, sources: list[Moments]) -> Moments:
    return activated(x.mean, x.square, layer.section.options.get("activation", "linear"))


def _softmax(layer: Layer, x: Moments, sources: list[Moments]) -> Moments:
    n = layer.output.count // layer.section.integer("groups", 1)
    return Moments(mean=1 / n, square=2 / n**2)


_NORMAL = np.linspace(-5, 5, 401)
_WEIGHT = np.exp(-(_NORMAL**2) / 2) / np.sum(np.exp(-(_NORMAL**2) / 2))

CURVES: dict[str, Callable[[Array], Array]] = {
    "leaky": lambda x: np.where(x > 0, x, 0.1 * x),
    "revleaky": lambda x: np.where(x > 0, x, 0.1 * x),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "relie": lambda x: np.where(x > 0, x, 0.01 * x),
    "ramp": lambda x: x * (x > 0) + 0.1 * x,
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "logistic": _sigmoid,
    "tanh": np.tanh,
    "swish": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
}

RULES: dict[str, Callable[[Layer, Moments, list[Moments]], Moments]] = {
    "maxpool": _pool,
    "avgpool": _avgpool,
    "local_avgpool": _avgpool,
    "route": _route,
    "shortcut": _shortcut,
    "scale_channels": _product,
    "sam": _product,
    "crop": _crop,
    "upsample": _upsample,
    "activation": _activation,
    "softmax": _softmax,
}
