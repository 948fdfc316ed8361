"""A picture brought to the size of an input as Darknet does it, to the bit: image.c, in the float32 of its CPU code.

Pictures are arrays (C, H, W), either bytes or float32 in 0..1; results are float32 in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from caffe_ir.blob import Array, Shape

Fit = Literal["letterbox", "stretch", "crop"]


def inner_size(rows: int, columns: int, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the largest picture of the same proportions that the field holds (image.c, letterbox_image).

    Darknet compares the two quotients in float32. A side of none becomes one.
    """
    if np.float32(width) / np.float32(columns) < np.float32(height) / np.float32(rows):
        return max(rows * width // columns, 1), width
    return height, max(columns * height // rows, 1)


def letterboxed(image: Array, height: int, width: int, fill: float = 0.5) -> Array:
    """image.c, letterbox_image: the picture as large as it fits, in the middle of a field, which is Darknet's 0.5."""
    channels, rows, columns = image.shape
    inner = inner_size(rows, columns, height, width)
    field, middle = _field((channels, *inner), height, width, fill)
    _resize_into(middle, image, *inner, np.arange(inner[0]), np.arange(inner[1]))
    return field


def set_in_field(image: Array, height: int, width: int, fill: float) -> Array:
    """The picture, bytes or not, in the middle of a field of this value, as float32 in 0..1."""
    field, middle = _field(image.shape, height, width, fill)
    unit(image, middle)
    return field


def _field(picture: Shape, height: int, width: int, fill: float) -> tuple[Array, Array]:
    """A field of this value around the middle for a picture (C, H, W), and that middle, still to be written."""
    channels, rows, columns = picture
    field = np.empty((channels, height, width), np.float32)
    top, left = (height - rows) // 2, (width - columns) // 2
    field[:, :top] = field[:, top + rows :] = fill
    middle = field[:, top : top + rows, left : left + columns]
    field[:, top : top + rows, :left] = field[:, top : top + rows, left + columns :] = fill
    return field, middle


def cropped(image: Array, height: int, width: int) -> Array:
    """AlexeyAB's classifier.c, predict_classifier: resize_min, then crop_image, which repeats the border (image.c)."""
    _, rows, columns = image.shape
    if columns < rows:
        new_height, new_width = rows * width // columns, width
    else:
        new_height, new_width = width, columns * width // rows
    top, left = int((new_height - height) / 2), int((new_width - width) / 2)
    down = np.clip(np.arange(top, top + height), 0, new_height - 1)
    across = np.clip(np.arange(left, left + width), 0, new_width - 1)
    made = np.empty((len(image), height, width), np.float32)
    _resize_into(made, image, new_height, new_width, down, across)
    return made


def resized(image: Array, height: int, width: int) -> Array:
    """image.c, resize_image: linear along the rows, then down the columns, with the corners aligned."""
    made = np.empty((len(image), height, width), np.float32)
    _resize_into(made, image, height, width, np.arange(height), np.arange(width))
    return made


_ROWS = 32
"""Of the result, made at once: what they are made of stays in the processor's cache, and is no more memory than malloc
keeps from one picture to the next; asking the system for it anew takes twice as long."""


def _resize_into(made: Array, image: Array, height: int, width: int, down: Array, across: Array) -> None:
    """Write these rows and columns, which never go back, of the resized picture.

    Each sum has the order and the roundings of Darknet's: of its last row too, where the place of the row, rounded
    below the border, leaves only the share of the row above it.
    """
    _, rows, columns = image.shape
    if (rows, columns) == (height, width):
        unit(image.take(down, 1).take(across, 2), made)
        return
    low, part = _places(rows, height, down)
    high = np.minimum(low + 1, rows - 1)
    share_low, share_high = (1 - part)[:, None], np.where((down == height - 1) | (rows == 1), np.float32(0), part)
    pixels = np.ascontiguousarray(image[::-1].transpose(1, 2, 0))  # no copy of what OpenCV has read
    along_rows = _along_rows(columns, width, across)
    for begin in range(0, len(down), _ROWS):
        some = slice(begin, begin + _ROWS)
        needed, first, second = _needed(low[some], high[some])
        wide = along_rows(pixels[needed])
        lower, upper = wide.take(first, 1), wide.take(second, 1)
        lower *= share_low[some]
        upper *= share_high[some, None]
        np.add(lower, upper, out=made[:, some])


def _needed(low: Array, high: Array) -> tuple[slice | Array, Array, Array]:
    """The rows that two sets of rows take, and the places of both sets in them."""
    begin, end = int(low[0]), int(high[-1]) + 1
    if end - begin <= 2 * len(low):
        return slice(begin, end), low - begin, high - begin
    return np.concatenate([low, high]), np.arange(len(low)), np.arange(len(low), 2 * len(low))


def _along_rows(columns: int, width: int, across: Array) -> Callable[[Array], Array]:
    """What brings rows (R, columns, C), at most twice a band, the channels backwards, to (C, R, len(across)).

    Bytes stay bytes as long as they are only moved.
    """
    if columns == width:
        return lambda pixels: unit(pixels.take(across, 1).transpose(2, 0, 1)[::-1])
    low, part = _places(columns, width, across)
    last = (across == width - 1) | (columns == 1)
    low, part = np.where(last, columns - 1, low), np.where(last, np.float32(0), part)
    high = np.minimum(low + 1, columns - 1)
    # each row's shares, for all rows: numpy goes through two whole planes twice as fast as row by row
    share_low, share_high = (np.tile(one, (2 * _ROWS, 1)) for one in (1 - part, part))

    def mixed(pixels: Array) -> Array:
        cells, count = _cells(pixels), len(pixels)
        lower, upper = unit(cells(low)), unit(cells(high))
        lower *= share_low[:count]
        upper *= share_high[:count]
        lower += upper
        return lower

    return mixed


def _cells(pixels: Array) -> Callable[[Array], Array]:
    """What gives columns of pixels (R, columns, C) as (C, R, N), with the channels turned around.

    Three bytes move as one word of four: pixel by pixel numpy moves nothing faster.
    """
    if pixels.dtype != np.uint8 or pixels.shape[2] != 3:
        return lambda cells: pixels.take(cells, 1).transpose(2, 0, 1)[::-1]
    import cv2

    words = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGBA).view(np.uint32)[..., 0]

    def moved(cells: Array) -> Array:
        planes = np.empty((4, len(pixels), len(cells)), np.uint8)
        cv2.split(words.take(cells, 1).view(np.uint8).reshape(*planes.shape[1:], 4), list(planes))
        return planes[:3]

    return moved


def _places(count: int, size: int, wanted: Array) -> tuple[Array, Array]:
    """Of `size` places along `count` cells those wanted: the cell below each, and the share of the cell above it."""
    step = np.float32(count - 1) / np.float32(max(size - 1, 1))
    place = wanted.astype(np.float32) * step
    low = np.minimum(place.astype(np.int64), count - 1)
    return low, (place - low).astype(np.float32)


def unit(image: Array, made: Array | None = None) -> Array:
    """Bytes as float32 in 0..1, in a new array of which each plane lies in one piece, or in this one."""
    if made is None:
        made = np.empty(image.shape, np.float32)
    made[:] = image
    if image.dtype == np.uint8:
        made /= np.float32(255)
    return made


FITS: Mapping[Fit, Callable[[Array, int, int], Array]] = {
    "letterbox": letterboxed,
    "stretch": resized,
    "crop": cropped,
}
