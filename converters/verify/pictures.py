"""A picture as the input of a net, prepared as the net's user would; both fits are Darknet's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Shape, cannot_read
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.extras import install
from caffe_ir.given_files import check_regular, read_bytes
from converters.verify.picture_size import size_of

MOST_PIXELS = 50_000_000
"""Of a picture, and of one that is half resized: 600 MB as float32 in three channels."""
_LARGEST = 256 << 20
"""Bytes of a file."""
_SCANS = 8
"""So many times a decoder may go through the largest picture; through smaller ones more often."""

Fit = Literal["letterbox", "stretch", "crop"]


class Preparation(Struct, frozen=True, kw_only=True):
    """How a picture becomes an input: (values 0..255 - mean) * scale, each channel by itself, RGB unless `bgr`.

    letterbox keeps its proportions and fills up with grey, crop takes its middle; all fits are Darknet's own.
    """

    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1 / 255,)
    bgr: bool = False
    fit: Fit = "letterbox"


def picture(path: Path, shape: Shape, preparation: Preparation) -> Array:
    """A picture as an input (N, C, H, W), the same one for each of N. Raises ConversionError."""
    if len(shape) != 4 or shape[1] not in (1, 3):
        raise _refused(path, f"is a picture, and an input of the shape {shape} is none")
    _, channels, height, width = shape
    image = _decoded(path, channels)
    fitted = _FITS[preparation.fit](image, height, width)
    if preparation.bgr:
        fitted = fitted[::-1]
    mean, scale = (np.asarray(each, np.float32).reshape(-1, 1, 1) for each in (preparation.mean, preparation.scale))
    for each, what in ((mean, "--mean"), (scale, "--scale")):
        if len(each) not in (1, channels):
            raise _refused(path, f"has {channels} channels, {what} has {len(each)} numbers")
    prepared = (fitted * 255 - mean) * scale
    return np.ascontiguousarray(np.broadcast_to(prepared, shape), np.float32)


def _decoded(path: Path, channels: int) -> Array:
    """The picture as (C, H, W) in RGB or grey, 0..1."""
    try:
        import cv2
    except ImportError as error:
        hint = f"{install('cv2')}; or give the input as .npy"
        raise _refused(path, "is a picture, and OpenCV, which reads it, is not installed", hint=hint) from error
    data = _read(path)
    flag = cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error as error:
        raise _refused(path, "is not a picture that OpenCV reads", why=error.err or str(error)) from None
    if decoded is None:
        raise _refused(path, "is not a picture that OpenCV reads", why="it is damaged")
    image = decoded[None] if channels == 1 else decoded[:, :, ::-1].transpose(2, 0, 1)
    values: Array = image.astype(np.float32)
    values /= np.float32(255)
    return values


def _read(path: Path) -> bytes:
    """The bytes of a picture whose header claims no more than is decoded. Raises ConversionError."""
    try:
        check_regular(path)
        data = read_bytes(path, _LARGEST)
    except FileNotFoundError:
        raise _refused(path, "is not there") from None
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    if not data:
        raise _refused(path, "is empty")
    size = size_of(data)
    if size is None:
        why = "it is damaged, or none of JPEG, PNG, BMP and WebP"
        raise _refused(path, "is not a picture that can be read", why=why)
    pixels = size.width * size.height
    if pixels > MOST_PIXELS or pixels * size.scans > _SCANS * MOST_PIXELS:
        times = f", {size.scans} times over" if size.scans > _SCANS else ""
        what = f"is a picture of {size.width} x {size.height} pixels{times}"
        raise _refused(path, what, why=f"at most {MOST_PIXELS:,} are decoded", hint="make it smaller first")
    return data


def letterboxed(image: Array, height: int, width: int) -> Array:
    """image.c, letterbox_image: the picture as large as it fits, in the middle of a field of 0.5."""
    channels, rows, columns = image.shape
    if width / columns < height / rows:
        new_width, new_height = width, rows * width // columns
    else:
        new_width, new_height = columns * height // rows, height
    boxed = np.full((channels, height, width), 0.5, np.float32)
    top, left = (height - new_height) // 2, (width - new_width) // 2
    boxed[:, top : top + new_height, left : left + new_width] = resized(image, new_height, new_width)
    return boxed


def cropped(image: Array, height: int, width: int) -> Array:
    """AlexeyAB's classifier.c, predict_classifier: resize_min, then crop_image, which repeats the border (image.c)."""
    _, rows, columns = image.shape
    if columns < rows:
        image = resized(image, rows * width // columns, width)
    else:
        image = resized(image, width, columns * width // rows)
    _, rows, columns = image.shape
    top, left = int((rows - height) / 2), int((columns - width) / 2)
    down = np.clip(np.arange(top, top + height), 0, rows - 1)
    across = np.clip(np.arange(left, left + width), 0, columns - 1)
    return image[:, down][:, :, across]


def resized(image: Array, height: int, width: int) -> Array:
    """image.c, resize_image: linear along the rows, then down the columns, with the corners aligned.

    Where a picture is so high that it would be huge between the two, the other way round.
    """
    if image.shape[1] * width > MOST_PIXELS:
        return _along(_along(image, height, 1), width, 2).astype(np.float32)
    return _along(_along(image, width, 2), height, 1).astype(np.float32)


def _along(image: Array, size: int, axis: int) -> Array:
    count = image.shape[axis]
    if count == size:
        return image
    place = np.arange(size, dtype=np.float32) * np.float32((count - 1) / max(size - 1, 1))
    low = np.minimum(place.astype(np.int64), count - 1)
    high = np.minimum(low + 1, count - 1)
    part = (place - low).astype(np.float32).reshape([-1 if each == axis else 1 for each in range(image.ndim)])
    mixed: Array = image.take(low, axis) * (1 - part) + image.take(high, axis) * part
    return mixed


def _refused(path: Path, what: str, *, why: str = "", hint: str = "") -> ConversionError:
    return ConversionError(Problem(what=f"{path} {what}", why=why, hint=hint))


_FITS: Mapping[Fit, Callable[[Array, int, int], Array]] = {
    "letterbox": letterboxed,
    "stretch": resized,
    "crop": cropped,
}
