"""Convolutions in numpy over any number of spatial axes: as matrix products, or tap by tap where these would waste.

Arrays are (batch, group, channels of a group, *sizes), weights (group, outer, inner, *kernel).
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from caffe_ir.blob import Array, Shape
from caffe_ir.geometry import extent

COLUMN_BYTES = 16 * 2**20
"""The most that the unfolded windows of one product take: small enough to be still in a cache when they are read."""

Index = tuple[Any, ...]


def correlate(inputs: Array, weights: Array, sizes: Shape, stride: Shape, pad: Shape, dilation: Shape) -> Array:
    """Cross-correlation of each group; the result is (batch, group, outer, *sizes)."""
    kernel = weights.shape[3:]
    padded = _padded(inputs, sizes, kernel, stride, pad, dilation)
    if prod(kernel) == 1:
        return _by_one_product(padded, weights, sizes, stride)
    if weights.shape[2] == 1:
        return _by_taps(padded, weights, sizes, stride, dilation)
    return _by_products(padded, weights, sizes, stride, dilation)


def scatter(inputs: Array, weights: Array, sizes: Shape, stride: Shape, pad: Shape, dilation: Shape) -> Array:
    """The transpose of `correlate`, with weights (group, inner, outer, *kernel).

    Tap by tap: what all inputs add to the result through one tap lies on a grid of the stride.
    """
    kernel = weights.shape[3:]
    full = tuple(size + 2 * margin for size, margin in zip(sizes, pad, strict=True))
    result = np.zeros((*inputs.shape[:2], weights.shape[2], *full), inputs.dtype)
    flat = inputs.reshape(*inputs.shape[:3], -1)
    for tap in product(*map(range, kernel)):
        factors = np.ascontiguousarray(weights[_last(tap)].swapaxes(1, 2))
        values = factors * flat if factors.shape[2] == 1 else np.matmul(factors, flat)
        result[_cells(tap, inputs.shape[3:], stride, dilation)] += values.reshape(*values.shape[:3], *inputs.shape[3:])
    return np.ascontiguousarray(result[_inside(pad, sizes)])


def column_view(inputs: Array, sizes: Shape, kernel: Shape, stride: Shape, pad: Shape, dilation: Shape) -> Array:
    """The windows of a convolution as a read-only view (*leading axes, *kernel, *sizes) of the padded input."""
    return _windows(_padded(inputs, sizes, kernel, stride, pad, dilation), sizes, kernel, stride, dilation)


def _padded(inputs: Array, sizes: Shape, kernel: Shape, stride: Shape, pad: Shape, dilation: Shape) -> Array:
    """The input with zeros around it, as far as the windows reach."""
    given = inputs.shape[inputs.ndim - len(sizes) :]
    reaches = [
        (size - 1) * step + extent(taps, spread)
        for size, taps, step, spread in zip(sizes, kernel, stride, dilation, strict=True)
    ]
    wider = tuple(max(reach, margin + size) for reach, margin, size in zip(reaches, pad, given, strict=True))
    if wider == given:
        return inputs
    padded = np.zeros((*inputs.shape[: inputs.ndim - len(sizes)], *wider), inputs.dtype)
    padded[_inside(pad, given)] = inputs
    return padded


def _windows(padded: Array, sizes: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> Array:
    leading = padded.ndim - len(sizes)
    steps = padded.strides[leading:]
    taps = tuple(step * spread for step, spread in zip(steps, dilation, strict=True))
    moves = tuple(step * move for step, move in zip(steps, stride, strict=True))
    return as_strided(
        padded, (*padded.shape[:leading], *kernel, *sizes), (*padded.strides[:leading], *taps, *moves), writeable=False
    )


def _last(index: Shape) -> Index:
    return (..., *index)


def _inside(pad: Shape, sizes: Shape) -> Index:
    return (..., *(slice(margin, margin + size) for margin, size in zip(pad, sizes, strict=True)))


def _cells(tap: Shape, sizes: Shape, stride: Shape, dilation: Shape) -> Index:
    """The cells that one tap of the kernel meets over all windows."""
    starts = [place * spread for place, spread in zip(tap, dilation, strict=True)]
    axes = zip(starts, sizes, stride, strict=True)
    return (..., *(slice(start, start + (size - 1) * step + 1, step) for start, size, step in axes))


def _by_one_product(padded: Array, weights: Array, sizes: Shape, stride: Shape) -> Array:
    """A kernel of one tap."""
    cells = padded[_cells((0,) * len(sizes), sizes, stride, (1,) * len(sizes))]
    flat = cells.reshape(*cells.shape[:3], -1)
    result = np.matmul(weights.reshape(weights.shape[:3]), flat)
    return np.asarray(result.reshape(*result.shape[:3], *sizes))


def _by_products(padded: Array, weights: Array, sizes: Shape, stride: Shape, dilation: Shape) -> Array:
    """Windows unfolded into columns, some rows of the result at a time, and multiplied with the weights (im2col)."""
    batch, groups = padded.shape[:2]
    outer = weights.shape[1]
    windows = _windows(padded, sizes, weights.shape[3:], stride, dilation)
    matrix = weights.reshape(groups, outer, -1)
    result = np.empty((batch, groups, outer, sizes[0], prod(sizes[1:])), padded.dtype)
    row_bytes = groups * matrix.shape[2] * prod(sizes[1:]) * padded.itemsize
    rows = max(1, COLUMN_BYTES // row_bytes)
    before: Index = (slice(None),) * (windows.ndim - 1 - len(sizes))
    for image, first in product(range(batch), range(0, sizes[0], rows)):
        some = slice(first, first + rows)
        columns = windows[image][(*before, some)].reshape(groups, matrix.shape[2], -1)
        strip = result[image, :, :, some]
        strip[...] = np.matmul(matrix, columns).reshape(strip.shape)
    return np.asarray(result.reshape(batch, groups, outer, *sizes))


def _by_taps(padded: Array, weights: Array, sizes: Shape, stride: Shape, dilation: Shape) -> Array:
    """One input channel a group (depthwise): a product a tap, for all channels at once."""
    result = np.zeros((*padded.shape[:2], weights.shape[1], *sizes), padded.dtype)
    term = np.empty_like(result)
    for tap in product(*map(range, weights.shape[3:])):
        factors = weights[:, :, 0][_last(tap)].reshape(*weights.shape[:2], *(1 for _ in sizes))
        np.multiply(padded[_cells(tap, sizes, stride, dilation)], factors, out=term)
        result += term
    return result
