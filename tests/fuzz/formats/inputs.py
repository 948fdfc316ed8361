"""What `convert verify --input` takes: pictures of four kinds, and arrays by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import cv2
import numpy as np

from converters.pictures.preparation import Preparation
from converters.verify.inputs import from_file
from tests.fuzz.format import Files, Format
from tests.fuzz.formats import numpy_files
from tests.fuzz.mutation import damaged, maybe_damaged

FORMS: dict[str, tuple[int, ...]] = {
    ".png": (),
    ".bmp": (),
    ".jpg": (),
    ".jpeg": (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 60),
}
SHAPES = {"data": (1, 3, 6, 8)}


@cache
def encoded(ending: str, channels: int, size: tuple[int, int]) -> bytes:
    image = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    return bytes(cv2.imencode(ending, image, list(FORMS[ending]))[1])


def make(rng: Random) -> Files:
    """A picture, damaged in six of ten; the first hundred bytes are where the sizes stand."""
    ending = rng.choice(tuple(FORMS))
    data = encoded(ending, rng.choice((1, 3)), rng.choice(((9, 11), (1, 1), (40, 30), (2, 200))))
    how = rng.random()
    if how < 0.3:
        data = damaged(data[:100], rng, most=2) + data[100:]
    elif how < 0.6:
        data = damaged(data, rng, most=3)
    return {f"x{rng.choice(tuple(FORMS)) if rng.random() < 0.1 else ending}": data}


def make_array(rng: Random) -> Files:
    ending = rng.choice((".npy", ".npz"))
    if rng.random() < 0.5:
        content = b"".join((b"\x93NUMPY\x01\x00", b"\x76\x00", _header("(3, 6, 8)"), bytes(4 * 144)))
        ending = ".npy"
    else:
        content = numpy_files.array(rng) if ending == ".npy" else numpy_files.archive(rng)
    return {f"x{ending}": maybe_damaged(content, rng, 0.3)}


def _header(shape: str) -> bytes:
    return f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"


def read(folder: Path) -> None:
    for path in sorted(folder.glob("x.*")):
        try:
            from_file(path, SHAPES, Preparation())
        finally:
            path.unlink()


FORMATS = (
    Format(name="picture", make=make, read=read),
    Format(name="input-array", make=make_array, read=read),
)
