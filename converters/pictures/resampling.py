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
    return _part(image, (height, width), slice(0, height), slice(0, width), kernel)


def at_most(image: Array, side: int) -> Array:
    """A picture (channels, height, width) of bytes, made smaller where its longer side has more pixels than `side`."""
    height, width = image.shape[1:]
    if max(height, width) <= side:
        return image
    part = side / max(height, width)
    return antialiased(image, max(1, round(height * part)), max(1, round(width * part)))


def middle_of(image: Array, shorter_side: int, height: int, width: int, kernel: Kernel = "bilinear") -> Array:
    """torchvision's Resize(shorter_side), then CenterCrop((height, width)), which may not be larger."""
    _, rows, columns = image.shape
    if rows <= columns:
        size = shorter_side, int(shorter_side * columns / rows)
    else:
        size = int(shorter_side * rows / columns), shorter_side
    top, left = (round((long - short) / 2) for long, short in zip(size, (height, width), strict=True))
    return _part(image, size, slice(top, top + height), slice(left, left + width), kernel)


def _part(image: Array, size: tuple[int, int], down: slice, across: slice, kernel: Kernel) -> Array:
    """These rows and columns of the resized picture; what no result needs is left aside."""
    _, rows, columns = image.shape
    pixels = np.ascontiguousarray(image[::-1].transpose(1, 2, 0))  # no copy of what OpenCV has read
    first, weights = _weights(rows, size[0], down, kernel)
    begin, end = int(first.min()), min(int(first.max()) + weights.shape[1], rows)
    wide = _along(_turned(pixels[begin:end]), *_weights(columns, size[1], across, kernel))
    return _along(_turned(wide), first - begin, weights).transpose(2, 0, 1)[::-1]


def _turned(pixels: Array) -> Array:
    """Rows of pixels (R, C, channels) as columns (C, R, channels)."""
    import cv2

    return cv2.transpose(pixels).reshape(pixels.shape[1], pixels.shape[0], pixels.shape[2])


_RESULTS = 32
"""Made at once: the sums that they are made of stay in the processor's cache, which is twice as fast."""


def _along(pixels: Array, first: Array, weights: Array) -> Array:
    """The first axis resampled. The sums fit into 31 bits, as Pillow's do."""
    if weights.shape[1] == 1:
        return pixels[first]
    count, *whole = pixels.shape
    made = np.empty((len(first), *whole), np.uint8)
    total, product = np.empty((2, _RESULTS, *whole), np.int32)
    for begin in range(0, len(first), _RESULTS):
        some = slice(begin, begin + _RESULTS)
        cells, shares = first[some], weights[some, :, None, None]
        sums, products = total[: len(cells)], product[: len(cells)]
        sums.fill(1 << (_PLACES - 1))
        for tap in range(weights.shape[1]):  # where a cell is too far its weight is 0
            sums += np.multiply(pixels.take(np.minimum(cells + tap, count - 1), 0), shares[:, tap], out=products)
        sums >>= _PLACES
        made[some] = np.clip(sums, 0, 255, out=sums)
    return made


def _weights(count: int, size: int, wanted: slice, kernel: Kernel) -> tuple[Array, Array]:
    """For each wanted result the first cell that it takes of, and the weights of that and those that follow."""
    if count == size:
        return np.arange(count)[wanted], np.full((wanted.stop - wanted.start, 1), 1 << _PLACES, np.int32)
    step = count / size
    wide = max(step, 1.0)
    half, shape = _KERNELS[kernel]
    reach = half * wide
    centre = (np.arange(size)[wanted] + 0.5) * step
    first = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((centre + reach + 0.5).astype(np.int64), count)
    taps = first[:, None] + np.arange(2 * ceil(reach) + 1)
    weights = shape(np.abs((taps - centre[:, None] + 0.5) * (1 / wide)))
    weights[taps >= last[:, None]] = 0
    weights = weights[:, : int((last - first).max())]
    total = np.zeros(len(centre))
    for tap in range(weights.shape[1]):  # in this order, as Pillow adds them
        total += weights[:, tap]
    whole = weights / total[:, None] * (1 << _PLACES)
    return first, np.trunc(whole + np.copysign(0.5, whole)).astype(np.int32)


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
