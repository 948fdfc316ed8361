"""Interpolation of a line as a matrix (wanted, size): what each new place takes of each old one.

The formulas are torch's (UpSample.h, UpSampleKernel.cpp), in float64. Place o of the new line lies at s (o + 0.5) -
0.5 of the old one, or at s o where the corners are aligned; s is the ratio of the sizes, of their intervals, or 1 /
`scale`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from caffe_ir.blob import Array

Interpolation = Literal["linear", "cubic"]
SHARPNESS, SHARPNESS_OF_A_FILTER = -0.75, -0.5
"""The a of the cubic kernel (Keys, 1981): for four neighbours, and where an antialiasing filter spans more."""
REACH = {"linear": 1, "cubic": 2}
"""In cells, on either side."""


def step(size: int, wanted: int, *, align_corners: bool, scale: float = 0.0) -> float:
    """How far apart new places lie in the old line."""
    if align_corners:
        return (size - 1) / (wanted - 1) if wanted > 1 else 0.0
    return 1 / scale if scale > 0 else size / wanted


def interpolated(
    mode: Interpolation, size: int, wanted: int, *, align_corners: bool = False, scale: float = 0.0
) -> Array:
    """Between two neighbours, or four, of which those behind an end are its last cell."""
    if mode == "linear" and size == wanted:
        return np.eye(size)
    length = step(size, wanted, align_corners=align_corners, scale=scale)
    places = np.arange(wanted) * length if align_corners else (np.arange(wanted) + 0.5) * length - 0.5
    if mode == "linear":
        places = np.maximum(places, 0)
    before = np.minimum(np.floor(places), size - 1)
    rest = np.clip(places - before, 0, 1)
    matrix = np.zeros((wanted, size))
    for at in range(1 - REACH[mode], 1 + REACH[mode]):
        cells = np.clip(before + at, 0, size - 1).astype(np.int64)
        np.add.at(matrix, (np.arange(wanted), cells), _kernel(mode, np.abs(rest - at), SHARPNESS))
    return matrix


def filtered(mode: Interpolation, size: int, wanted: int, *, align_corners: bool = False, scale: float = 0.0) -> Array:
    """The kernel as wide as a step where the line shrinks: each cell counts, and the weights of a place sum to 1."""
    if size == wanted:
        return np.eye(size)
    length = step(size, wanted, align_corners=align_corners, scale=scale)
    width = max(length, 1.0)
    centers, reach = (np.arange(wanted) + 0.5) * length, REACH[mode] * width
    first = np.maximum(np.trunc(centers - reach + 0.5), 0)[:, None]
    stop = np.minimum(np.trunc(centers + reach + 0.5), size)[:, None]
    cells = np.arange(size)
    weights = _kernel(mode, np.abs((cells - centers[:, None] + 0.5) / width), SHARPNESS_OF_A_FILTER)
    weights = np.where((cells >= first) & (cells < stop), weights, 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _kernel(mode: Interpolation, distance: Array, a: float) -> Array:
    """What a cell counts at a distance: 1 at 0, 0 at its reach."""
    if mode == "linear":
        return np.asarray(np.maximum(1 - distance, 0))
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
