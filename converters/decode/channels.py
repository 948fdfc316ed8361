"""What is done to the channels of a map, in Darknet's arithmetic: float64 within, float32 behind each step."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array


def logistic(x: Array) -> Array:
    """activations.h, logistic_activate."""
    with np.errstate(over="ignore"):
        found: Array = (1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)
    return found


def logistic_above(x: Array, threshold: float) -> Array:
    """The logistic of x where that may be above the threshold, and 0 elsewhere: few cells of a map hold an object."""
    likely = may_exceed(x, threshold)
    found = np.zeros_like(x)
    found[likely] = logistic(x[likely])
    return found


def may_exceed(x: Array, threshold: float | Array) -> Array:
    """Where the logistic of x may be above the threshold, or that above its own; what is not a number may.

    The limit of x is lower than the threshold's by more than float32 rounds, of both.
    """
    lower = np.asarray(threshold, np.float64) * (1 - 1e-6)
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = np.log(lower / (1 - lower)) - 1e-3  # no number beyond 1, of which nothing is below
    found: Array = ~((x < limit.astype(np.float32)) & (lower > 1e-30))
    return found


def softmax(x: Array, axis: int) -> Array:
    """blas.c, softmax."""
    risen = np.exp(x.astype(np.float64) - x.max(axis=axis, keepdims=True))
    found: Array = (risen / risen.sum(axis=axis, keepdims=True)).astype(np.float32)
    return found


def scaled(x: Array, factor: float) -> Array:
    """AlexeyAB's yolo_layer.c, scal_add_cpu with scale_x_y: x * s - (s - 1) / 2."""
    found: Array = x * np.float32(factor) + np.float32(-0.5 * (factor - 1))
    return found


def exponential(x: Array) -> Array:
    """e to the power of x, in float64."""
    with np.errstate(over="ignore"):
        found: Array = np.exp(x.astype(np.float64))
    return found


def rounded(x: Array) -> Array:
    """As float32; what is larger is infinite."""
    with np.errstate(over="ignore"):
        return x.astype(np.float32)
