"""A picture brought to the size of an input as Pillow does it, and so torchvision's transforms of pictures.

Pillow's Resample.c: a kernel as wide as the step between two results (so each cell of a picture that shrinks counts),
first along the rows, then down the columns, in whole numbers of 22 binary places. Pictures are bytes (C, H, W).

Where the proportions stay these are Pillow's bits. Where they do not, Pillow 13 may begin with the columns: then the
results are one step of 255 apart, with the bicubic kernel more where the sides change very differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import Literal

import numpy as np

from caffe_ir.blob import Array

Kernel = Literal["bilinear", "bicubic"]
_PLACES = 22


def antialiased(image: Array, height: int, width: int, kernel: Kernel = "bilinear") -> Array:
    """Image.resize((width, height), BILINEAR or BICUBIC)."""
    _, rows, columns = image.shape
    wide = image if columns == width else _along(image, width, kernel)
    return wide if rows == height else _along(wide.swapaxes(1, 2), height, kernel).swapaxes(1, 2)


def middle_of(image: Array, shorter_side: int, height: int, width: int, kernel: Kernel = "bilinear") -> Array:
    """torchvision's Resize(shorter_side), then CenterCrop((height, width)), which may not be larger."""
    _, rows, columns = image.shape
    if rows <= columns:
        size = shorter_side, int(shorter_side * columns / rows)
    else:
        size = int(shorter_side * rows / columns), shorter_side
    top, left = (round((long - short) / 2) for long, short in zip(size, (height, width), strict=True))
    return antialiased(image, *size, kernel)[:, top : top + height, left : left + width]


def _along(image: Array, size: int, kernel: Kernel) -> Array:
    """The last axis with `size` cells."""
    first, weights = _weights(image.shape[2], size, kernel)
    total = np.full((*image.shape[:2], size), 1 << (_PLACES - 1), np.int64)
    for tap in range(weights.shape[1]):
        cells = np.minimum(first + tap, image.shape[2] - 1)  # where that is too far the weight is 0
        total += image.take(cells, 2) * weights[:, tap]
    found: Array = np.clip(total >> _PLACES, 0, 255).astype(np.uint8)
    return found


def _weights(count: int, size: int, kernel: Kernel) -> tuple[Array, Array]:
    """For each result the first cell that it takes of, and the weights of that and those that follow."""
    step = count / size
    wide = max(step, 1.0)
    half, shape = _KERNELS[kernel]
    reach = half * wide
    centre = (np.arange(size) + 0.5) * step
    first = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((centre + reach + 0.5).astype(np.int64), count)
    taps = first[:, None] + np.arange(2 * ceil(reach) + 1)
    weights = shape(np.abs((taps - centre[:, None] + 0.5) * (1 / wide)))
    weights[taps >= last[:, None]] = 0
    total = np.zeros(size)
    for tap in range(weights.shape[1]):  # in this order, as Pillow adds them
        total += weights[:, tap]
    whole = weights / total[:, None] * (1 << _PLACES)
    return first, np.trunc(whole + np.copysign(0.5, whole)).astype(np.int64)


def _triangle(x: Array) -> Array:
    found: Array = np.maximum(1 - x, 0)
    return found


def _cubic(x: Array) -> Array:
    """Keys' with a = -1/2."""
    a = -0.5
    inner = ((a + 2) * x - (a + 3)) * x * x + 1
    outer = (((x - 5) * x + 8) * x - 4) * a
    found: Array = np.where(x < 1, inner, np.where(x < 2, outer, 0))
    return found


_KERNELS: Mapping[Kernel, tuple[int, Callable[[Array], Array]]] = {"bilinear": (1, _triangle), "bicubic": (2, _cubic)}
"""How far each reaches to one side, and its height at a distance."""
