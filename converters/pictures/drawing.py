"""Boxes with their names, and classes of pixels, drawn upon a picture."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from typing import Any

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array

_THIN, _PART = 1, 400
"""Lines are so thick, and thicker by one for every so many pixels of the shorter side."""
_GOLDEN = 0.618034
"""Of the circle of colours, from one class to the next: neighbours differ as much as they can."""


class Frame(Struct, frozen=True, kw_only=True):
    """What is drawn: the corners in pixels, which may lie outside, a text, and the number of its colour."""

    left: float
    top: float
    right: float
    bottom: float
    text: str
    colour: int


def with_frames(image: Array, frames: Iterable[Frame]) -> Array:
    """The picture, (3, H, W) in red, green, blue or (1, H, W) in grey, in colours with all frames, the first on top."""
    import cv2

    canvas = np.array(np.broadcast_to(image[::-1], (3, *image.shape[1:])).transpose(1, 2, 0), order="C")
    for frame in reversed(list(frames)):
        _draw(cv2, canvas, frame)
    drawn: Array = canvas[:, :, ::-1].transpose(2, 0, 1)
    return drawn


def painted(image: Array, classes: Array) -> Array:
    """The picture with each pixel halfway to the colour of its class; `classes` (H, W) are negative where none is."""
    colours = np.array([colour_of(number) for number in range(int(classes.max(initial=-1)) + 1)] or [(0, 0, 0)])
    over = colours.astype(np.uint16)[np.maximum(classes, 0)].transpose(2, 0, 1)
    mixed = (np.broadcast_to(image, over.shape) + over) // 2
    found: Array = np.where(classes >= 0, mixed, image).astype(np.uint8)
    return found


def colour_of(number: int) -> tuple[int, int, int]:
    """Red, green and blue of a class."""
    red, green, blue = colorsys.hsv_to_rgb(number * _GOLDEN % 1, 0.85, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def _draw(cv2: Any, canvas: Array, frame: Frame) -> None:
    height, width = canvas.shape[:2]
    thickness = _THIN + min(height, width) // _PART
    places = np.nan_to_num([frame.left, frame.top, frame.right, frame.bottom])
    left, top, right, bottom = (
        int(place) for place in np.clip(np.round(places), 0, [width - 1, height - 1, width - 1, height - 1])
    )
    colour = colour_of(frame.colour)[::-1]
    cv2.rectangle(canvas, (left, top), (right, bottom), colour, thickness)
    size = max(0.35, min(height, width) / 900)
    (wide, high), below = cv2.getTextSize(frame.text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x = max(0, min(left, width - wide))
    y = top - below if top - below - high >= 0 else min(top + high + thickness, height - below)
    cv2.rectangle(canvas, (x, y - high - 1), (x + wide, y + below - 1), colour, -1)
    dark = (0, 0, 0) if sum(colour) > 3 * 110 else (255, 255, 255)
    cv2.putText(canvas, frame.text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, dark, 1, cv2.LINE_AA)


def as_png(image: Array, mark: str) -> bytes:
    """The picture as a PNG file whose text chunk `Software` is the mark (w3.org/TR/png, 11.3.3)."""
    import struct
    import zlib

    import cv2

    done, data = cv2.imencode(".png", np.ascontiguousarray(image[::-1].transpose(1, 2, 0)))
    assert done, "OpenCV always writes PNG"
    whole = data.tobytes()
    body = b"tEXt" + b"Software\0" + mark.encode("latin-1")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    after_header = 8 + 25
    return whole[:after_header] + chunk + whole[after_header:]
