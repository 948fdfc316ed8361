"""Linear interpolation as Darknet computes it, to the bit: image.c, resize_image, in the float32 of its CPU code.

A band of the result after the other is made, in the same memory: what a band is made of stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from caffe_ir.blob import Array

_ROWS = 16
"""Of a band."""


def resize_into(made: Array, image: Array, height: int, width: int, down: Array, across: Array) -> None:
    """Write these rows and columns, which never go back, of the picture (C, H, W) resized to height and width.

    Each sum has the order and the roundings of Darknet's: of its last row too, where the place of the row, rounded
    below the border, leaves only the share of the row above it.
    """
    channels, rows, columns = image.shape
    if (rows, columns) == (height, width):
        unit(image.take(down, 1).take(across, 2), made)
        return
    low, part = _places(rows, height, down)
    high = np.minimum(low + 1, rows - 1)
    share_low, share_high = (1 - part)[:, None], np.where((down == height - 1) | (rows == 1), np.float32(0), part)
    pixels = np.ascontiguousarray(image[::-1].transpose(1, 2, 0))  # no copy of what OpenCV has read
    along_rows = _along_rows(pixels, width, across)
    lower, upper = np.empty((2, channels * _ROWS * len(across)), np.float32)
    for begin in range(0, len(down), _ROWS):
        some = slice(begin, begin + _ROWS)
        needed, first, second = _needed(low[some], high[some])
        wide = along_rows(pixels[needed])
        above, below = (_shaped(one, channels, len(first), len(across)) for one in (lower, upper))
        wide.take(first, 1, out=above, mode="clip")
        wide.take(second, 1, out=below, mode="clip")
        above *= share_low[some]
        below *= share_high[some, None]
        np.add(above, below, out=made[:, some])


def unit(image: Array, made: Array | None = None) -> Array:
    """Bytes as float32 in 0..1, in a new array of which each plane lies in one piece, or in this one."""
    if made is None:
        made = np.empty(image.shape, np.float32)
    made[:] = image
    if image.dtype == np.uint8:
        made /= np.float32(255)
    return made


def _needed(low: Array, high: Array) -> tuple[slice | Array, Array, Array]:
    """The rows that two sets of rows take, at most twice as many, and the places of both sets in them."""
    begin, end = int(low[0]), int(high[-1]) + 1
    if end - begin <= 2 * len(low):
        return slice(begin, end), low - begin, high - begin
    return np.concatenate([low, high]), np.arange(len(low)), np.arange(len(low), 2 * len(low))


def _along_rows(pixels: Array, width: int, across: Array) -> Callable[[Array], Array]:
    """What brings a band of these pixels (H, columns, C), the channels backwards, to (C, rows, len(across))."""
    _, columns, channels = pixels.shape
    if columns == width:
        return lambda band: unit(band.take(across, 1).transpose(2, 0, 1)[::-1])
    low, part = _places(columns, width, across)
    last = (across == width - 1) | (columns == 1)
    low, part = np.where(last, columns - 1, low), np.where(last, np.float32(0), part)
    high = np.minimum(low + 1, columns - 1)
    most, size = 2 * _ROWS, len(across)
    # the shares of a row stand there for each row: numpy goes through two whole planes twice as fast as row by row
    shares = np.empty((2, most, size), np.float32)
    shares[0], shares[1] = 1 - part, part
    gather = _gatherer(pixels, low, high)
    memory, total = np.empty(channels * 2 * most * size, np.float32), np.empty(channels * most * size, np.float32)

    def mixed(band: Array) -> Array:
        rows = len(band)
        both = unit(gather(band), _shaped(memory, channels, 2, rows, size))
        both *= shares[:, :rows]
        return np.add(both[:, 0], both[:, 1], out=_shaped(total, channels, rows, size))

    return mixed


def _gatherer(pixels: Array, low: Array, high: Array) -> Callable[[Array], Array]:
    """What gives the lower and the upper columns of a band as (C, 2, rows, N), with the channels turned around.

    Three bytes move as one word of four: pixel by pixel numpy moves nothing faster. Bytes stay bytes.
    """
    _, columns, channels = pixels.shape
    if pixels.dtype != np.uint8 or channels != 3:
        return lambda band: np.stack([band.take(cells, 1).transpose(2, 0, 1)[::-1] for cells in (low, high)], 1)
    import cv2

    most, size = 2 * _ROWS, len(low)
    words = np.empty((most, columns, 4), np.uint8)
    found, planes = np.empty(2 * most * size, np.uint32), np.empty(4 * 2 * most * size, np.uint8)

    def gathered(band: Array) -> Array:
        rows = len(band)
        cv2.cvtColor(band, cv2.COLOR_BGR2RGBA, dst=words[:rows])
        line, both = words[:rows].view(np.uint32)[..., 0], _shaped(found, 2, rows, size)
        for cells, into in zip((low, high), both, strict=True):
            line.take(cells, 1, out=into, mode="clip")
        split = _shaped(planes, 4, 2 * rows, size)
        cv2.split(both.view(np.uint8).reshape(2 * rows, size, 4), list(split))
        return split[:3].reshape(3, 2, rows, size)

    return gathered


def _shaped(memory: Array, *shape: int) -> Array:
    """The beginning of a flat array in this shape."""
    return memory[: prod(shape)].reshape(shape)


def _places(count: int, size: int, wanted: Array) -> tuple[Array, Array]:
    """Of `size` places along `count` cells those wanted: the cell below each, and the share of the cell above it."""
    step = np.float32(count - 1) / np.float32(max(size - 1, 1))
    place = wanted.astype(np.float32) * step
    low = np.minimum(place.astype(np.int64), count - 1)
    return low, (place - low).astype(np.float32)
