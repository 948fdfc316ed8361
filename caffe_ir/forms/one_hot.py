"""Weights that pick values instead of computing with them: ones and zeros."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from caffe_ir.blob import Array, Blob


def picking_cells(channels: int, kernel: tuple[int, ...], at: tuple[int, ...]) -> Blob:
    """Depthwise filters (channels, 1, *kernel), each with a single 1 at one place."""
    return Blob.computed((channels, 1, *kernel), partial(_cells, (channels, 1, *kernel), at), constant=True)


def _cells(shape: tuple[int, ...], at: tuple[int, ...]) -> Array:
    weights = np.zeros(shape, np.float32)
    weights[:, :, at[0], at[1]] = 1.0
    return weights


def picking_rows(indices: Sequence[int], size: int) -> Blob:
    """The matrix (len(indices), size) whose product with a column of `size` values gives those at the indices."""
    return Blob.computed((len(indices), size), partial(_rows, tuple(indices), size), constant=True)


def _rows(indices: tuple[int, ...], size: int) -> Array:
    matrix = np.zeros((len(indices), size), np.float32)
    matrix[np.arange(len(indices)), indices] = 1.0
    return matrix
