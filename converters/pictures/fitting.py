"""A picture brought to the size of an input as Darknet does it, to the bit: image.c, in the float32 of its CPU code.

Pictures are arrays (C, H, W), either bytes or float32 in 0..1; results are float32 in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from caffe_ir.blob import Array

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
    _, rows, columns = image.shape
    return set_in_field(resized(image, *inner_size(rows, columns, height, width)), height, width, fill)


def set_in_field(image: Array, height: int, width: int, fill: float) -> Array:
    """The picture, bytes or not, in the middle of a field of this value, as float32 in 0..1."""
    _, rows, columns = image.shape
    field = np.full((len(image), height, width), fill, np.float32)
    top, left = (height - rows) // 2, (width - columns) // 2
    field[:, top : top + rows, left : left + columns] = _unit(image)
    return field


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
    return _part_of_resized(image, new_height, new_width, down, across)


def resized(image: Array, height: int, width: int) -> Array:
    """image.c, resize_image: linear along the rows, then down the columns, with the corners aligned."""
    return _part_of_resized(image, height, width, np.arange(height), np.arange(width))


def _part_of_resized(image: Array, height: int, width: int, down: Array, across: Array) -> Array:
    """These rows and columns of the resized picture; what no result needs is left aside.

    Each sum has the order and the roundings of Darknet's: of its last row too, where the place of the row, rounded
    below the border, leaves only the share of the row above it.
    """
    _, rows, columns = image.shape
    if (rows, columns) == (height, width):
        return _unit(image.take(down, 1).take(across, 2))
    low, part = _places(rows, height, down)
    part_above = np.where((down == height - 1) | (rows == 1), np.float32(0), part)
    needed, position = np.unique(np.concatenate([low, np.minimum(low + 1, rows - 1)]), return_inverse=True)
    wide = _along_rows(image.take(needed, 1), width, across)
    lower: Array = wide.take(position[: len(down)], 1)
    lower *= (1 - part)[:, None]
    upper = wide.take(position[len(down) :], 1)
    upper *= part_above[:, None]
    lower += upper
    return lower


def _along_rows(image: Array, width: int, across: Array) -> Array:
    """Bytes stay bytes as long as they are only moved: a quarter of the memory."""
    columns = image.shape[2]
    if columns == width:
        return _unit(image.take(across, 2))
    low, part = _places(columns, width, across)
    last = (across == width - 1) | (columns == 1)
    low, part = np.where(last, columns - 1, low), np.where(last, np.float32(0), part)
    mixed = _unit(image.take(low, 2))
    mixed *= 1 - part
    upper = _unit(image.take(np.minimum(low + 1, columns - 1), 2))
    upper *= part
    mixed += upper
    return mixed


def _places(count: int, size: int, wanted: Array) -> tuple[Array, Array]:
    """Of `size` places along `count` cells those wanted: the cell below each, and the share of the cell above it."""
    step = np.float32(count - 1) / np.float32(max(size - 1, 1))
    place = wanted.astype(np.float32) * step
    low = np.minimum(place.astype(np.int64), count - 1)
    return low, (place - low).astype(np.float32)


def _unit(image: Array) -> Array:
    """Bytes as float32 in 0..1."""
    return image.astype(np.float32) / np.float32(255) if image.dtype == np.uint8 else image


FITS: Mapping[Fit, Callable[[Array, int, int], Array]] = {
    "letterbox": letterboxed,
    "stretch": resized,
    "crop": cropped,
}
