"""A picture brought to the size of an input as Pillow does it, and so torchvision's transforms of pictures.

Pillow's Resample.c: a triangle as wide as the step between two results (so each cell of a picture that shrinks counts),
first along the rows, then down the columns, in whole numbers of 22 binary places. Pictures are bytes (C, H, W).

Where the proportions stay these are Pillow's bits. Where they do not, Pillow 13 may begin with the columns: then the
results are one step of 255 apart.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from caffe_ir.blob import Array

_PLACES = 22


def antialiased(image: Array, height: int, width: int) -> Array:
    """Image.resize((width, height), BILINEAR)."""
    _, rows, columns = image.shape
    wide = image if columns == width else _along(image, width)
    return wide if rows == height else _along(wide.swapaxes(1, 2), height).swapaxes(1, 2)


def middle_of(image: Array, shorter_side: int, height: int, width: int) -> Array:
    """torchvision's Resize(shorter_side), then CenterCrop((height, width)), which may not be larger."""
    _, rows, columns = image.shape
    if rows <= columns:
        size = shorter_side, int(shorter_side * columns / rows)
    else:
        size = int(shorter_side * rows / columns), shorter_side
    top, left = (round((long - short) / 2) for long, short in zip(size, (height, width), strict=True))
    return antialiased(image, *size)[:, top : top + height, left : left + width]


def _along(image: Array, size: int) -> Array:
    """The last axis with `size` cells."""
    first, weights = _weights(image.shape[2], size)
    total = np.full((*image.shape[:2], size), 1 << (_PLACES - 1), np.int64)
    for tap in range(weights.shape[1]):
        cells = np.minimum(first + tap, image.shape[2] - 1)  # where that is too far the weight is 0
        total += image.take(cells, 2) * weights[:, tap]
    found: Array = np.clip(total >> _PLACES, 0, 255).astype(np.uint8)
    return found


def _weights(count: int, size: int) -> tuple[Array, Array]:
    """For each result the first cell that it takes of, and the weights of that and those that follow."""
    step = count / size
    reach = max(step, 1.0)
    centre = (np.arange(size) + 0.5) * step
    first = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((centre + reach + 0.5).astype(np.int64), count)
    taps = first[:, None] + np.arange(2 * ceil(reach) + 1)
    weights = np.maximum(1 - np.abs((taps - centre[:, None] + 0.5) * (1 / reach)), 0)
    weights[taps >= last[:, None]] = 0
    total = np.zeros(size)
    for tap in range(weights.shape[1]):  # in this order, as Pillow adds them
        total += weights[:, tap]
    return first, np.floor(weights / total[:, None] * (1 << _PLACES) + 0.5).astype(np.int64)
