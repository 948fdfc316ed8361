"""A file of a picture as numbers, or the reason why it is not read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from caffe_ir.blob import Array, cannot_read
from caffe_ir.error_kinds.running import PICTURE
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.extras import fault_of
from caffe_ir.given_files import check_regular, read_bytes
from converters.pictures.picture_size import READ, PictureSize, kind_of, size_of

MOST_PIXELS = 50_000_000
"""Of a picture: 150 MB in three channels, 600 MB as float32."""
ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp")
OTHER_ENDINGS = (".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".ppm", ".pgm", ".tga")
"""Of pictures that are not read."""
_LARGEST = 256 << 20
"""Bytes of a file."""
_SCANS = 8
"""So many times a decoder may go through the largest picture; through smaller ones more often."""


def import_decoder() -> None:
    """Import OpenCV, which takes longer than a picture; where it is missing, reading says so."""
    fault_of("cv2")


def read_picture(path: Path, channels: int, left_out: Callable[[str], None] = lambda text: None) -> Array:
    """The picture as bytes (C, H, W), in red, green, blue, or for one channel in grey.

    Grey becomes three equal channels, a channel of transparency is left out, 16 bits become the upper 8, of an
    animation the first picture is taken, and a picture is turned as its EXIF says; `left_out` is called with what the
    array does not have of it. Raises ConversionError.
    """
    if fault := fault_of("cv2"):
        what = f"is a picture, and OpenCV, which reads it, {fault.what}"
        raise refused(path, what, hint=f"{fault.hint}; or give the input as .npy")
    import cv2

    data, size = _read(path)
    if size.transparent:
        left_out("its transparency is left out")
    if size.bits > 8:
        left_out(f"its {size.bits} bits a channel become the upper 8")
    if size.animated:
        left_out("it is an animation, of which all pictures but the first are left out")
    flag = cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error as error:
        raise refused(path, "is not a picture that OpenCV reads", why=error.err or str(error)) from None
    if decoded is None:
        raise refused(path, "is not a picture that OpenCV reads", why="it is damaged")
    image: Array = decoded[None] if channels == 1 else decoded[:, :, ::-1].transpose(2, 0, 1)
    return image


def _read(path: Path) -> tuple[bytes, PictureSize]:
    """The bytes of a picture, whose header claims no more than is decoded. Raises ConversionError."""
    try:
        check_regular(path)
        data = read_bytes(path, _LARGEST)
    except FileNotFoundError:
        raise refused(path, "is not there") from None
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    if not data:
        raise refused(path, "is empty")
    size = size_of(data)
    if size is None:
        kind = kind_of(data)
        if kind in READ:
            raise refused(path, f"is a {kind} that is damaged or cut short")
        why = f"it begins as {f'a {kind}' if kind else 'no picture'}; {', '.join(READ[:-1])} and {READ[-1]} are read"
        raise refused(
            path, "is not a picture that can be read", why=why, hint="convert it to PNG first" if kind else ""
        )
    pixels = size.width * size.height
    if not pixels:
        raise refused(path, f"is a picture of {size.width} x {size.height} pixels", why="it has none")
    if pixels > MOST_PIXELS or pixels * size.scans > _SCANS * MOST_PIXELS:
        times = f", {size.scans} times over" if size.scans > _SCANS else ""
        what = f"is a picture of {size.width} x {size.height} pixels{times}"
        raise refused(path, what, why=f"at most {MOST_PIXELS:,} are decoded", hint="make it smaller first")
    return data, size


def refused(path: Path, what: str, *, why: str = "", hint: str = "") -> ConversionError:
    """What is raised for a picture that is of no use."""
    return ConversionError(Problem(kind=PICTURE, what=f"{path} {what}", why=why, hint=hint))
