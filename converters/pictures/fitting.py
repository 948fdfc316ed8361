"""A picture brought to the size of an input as Darknet does it, to the bit: image.c, in the float32 of its CPU code.

Pictures are arrays (C, H, W), either bytes or float32 in 0..1; results are float32 in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from caffe_ir.blob import Array, Shape
from converters.pictures.interpolation import resize_into, unit

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
    resize_into(middle, image, *inner, np.arange(inner[0]), np.arange(inner[1]))
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
    resize_into(made, image, new_height, new_width, down, across)
    return made


def resized(image: Array, height: int, width: int) -> Array:
    """image.c, resize_image: linear along the rows, then down the columns, with the corners aligned."""
    made = np.empty((len(image), height, width), np.float32)
    resize_into(made, image, height, width, np.arange(height), np.arange(width))
    return made


FITS: Mapping[Fit, Callable[[Array, int, int], Array]] = {
    "letterbox": letterboxed,
    "stretch": resized,
    "crop": cropped,
}
