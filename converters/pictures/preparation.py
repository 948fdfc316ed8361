"""A picture as the input of a net, prepared as the net's user would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Shape
from converters.pictures.fitting import FITS, Fit, inner_size, letterboxed, set_in_field
from converters.pictures.interpolation import unit
from converters.pictures.reading import read_picture, refused
from converters.pictures.resampling import Kernel, antialiased, middle_of


class Preparation(Struct, frozen=True, kw_only=True):
    """How a picture becomes an input: (values 0..255 - mean) * scale, each channel by itself, RGB unless `bgr`.

    letterbox keeps its proportions and fills up with grey, crop takes its middle; all fits are Darknet's own. With
    a `kernel` it is resized as Pillow does it; `shorter_side` is what that becomes before the middle is taken.
    """

    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1 / 255,)
    bgr: bool = False
    fit: Fit = "letterbox"
    kernel: Kernel | None = None
    shorter_side: int | None = None
    fill: float = 0.5
    """Of the letterbox, from 0 to 1."""


def picture(path: Path, shape: Shape, preparation: Preparation) -> Array:
    """A picture as an input (N, C, H, W), the same one for each of N. Raises ConversionError."""
    if len(shape) != 4 or shape[1] not in (1, 3):
        raise refused(path, f"is a picture, and an input of the shape {shape} is none")
    channels = shape[1]
    image = read_picture(path, channels)
    for numbers, what in ((preparation.mean, "--mean"), (preparation.scale, "--scale")):
        if len(numbers) not in (1, channels):
            raise refused(path, f"has {channels} channels, {what} has {len(numbers)} numbers")
    return prepared(image, shape, preparation)


def prepared(image: Array, shape: Shape, preparation: Preparation) -> Array:
    """A picture (C, H, W) in bytes as an input (N, C, H, W); to the bit Darknet's where mean and scale are its own."""
    fitted = _fitted(image, shape[2], shape[3], preparation)
    if preparation.bgr:
        fitted = fitted[::-1]
    if preparation.mean != (0.0,) or preparation.scale != (1 / 255,):
        mean, scale = (np.asarray(each, np.float32).reshape(-1, 1, 1) for each in (preparation.mean, preparation.scale))
        fitted *= 255
        fitted -= mean
        fitted *= scale
    return np.ascontiguousarray(np.broadcast_to(fitted, shape), np.float32)


def _fitted(image: Array, height: int, width: int, preparation: Preparation) -> Array:
    """The picture in the size of the input, from 0 to 1."""
    if preparation.kernel is None:
        if preparation.fit == "letterbox":
            return letterboxed(image, height, width, preparation.fill)
        return FITS[preparation.fit](image, height, width)
    if preparation.fit == "letterbox":
        _, rows, columns = image.shape
        inner = antialiased(image, *inner_size(rows, columns, height, width), preparation.kernel)
        return set_in_field(inner, height, width, preparation.fill)
    if preparation.shorter_side is None:
        made = antialiased(image, height, width, preparation.kernel)
    else:
        made = middle_of(image, preparation.shorter_side, height, width, preparation.kernel)
    return unit(made)
