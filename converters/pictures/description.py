"""STEM.input.json, and `input` of STEM.heads.json: what a picture goes through before the net reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from caffe_ir.blob import cannot_read
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.given_files import check_regular, read_bytes
from converters.pictures.fitting import Fit
from converters.pictures.preparation import Preparation
from converters.pictures.reading import MOST_PIXELS

ENDING = ".input.json"
_LARGEST = 1 << 20
"""Bytes of a file."""

ORDERS = ("RGB", "BGR", "grey")
Numbers = float | tuple[float, ...]
"""One for all channels, or one for each."""


class InputDescription(Struct, frozen=True, kw_only=True):
    """From the bytes of a picture to the input: fitted, its channels in order, then (value - mean) * scale."""

    size: tuple[int, int]
    """Height and width of the input."""
    order: str
    """RGB, BGR or grey; inputs of other channels are no pictures."""
    fit: Fit
    scale: str | Numbers = "1/255"
    """A number may be written as 1/N."""
    mean: Numbers = 0
    resize: str = "bilinear, corners aligned"
    layout: str = "planar (N, C, H, W)"

    @property
    def channels(self) -> int:
        """How many the input has."""
        return 1 if self.order == "grey" else 3

    def doubt(self) -> str:
        """Why nothing can be prepared so; nothing where it can."""
        height, width = self.size
        if min(height, width) < 1 or height * width > MOST_PIXELS:
            return f"size {height} x {width} is that of no input"
        if self.order not in ORDERS:
            return f"order {self.order!r} is that of no picture ({', '.join(ORDERS)})"
        if self.layout != "planar (N, C, H, W)":
            return f"layout {self.layout!r} is not that of a Caffe net"
        try:
            counts = {len(_numbers(self.mean)), len(_numbers(self.scale))}
        except ValueError:
            return f"scale {self.scale!r} is no number"
        return "" if counts <= {1, self.channels} else f"mean and scale are not for {self.channels} channels"

    def preparation(self) -> Preparation:
        """The same as what `prepared` takes."""
        return Preparation(mean=_numbers(self.mean), scale=_numbers(self.scale), bgr=self.order == "BGR", fit=self.fit)


def read_description(path: Path) -> InputDescription:
    """What a file says, which may be of no picture. Raises ConversionError."""
    try:
        check_regular(path)
        data = read_bytes(path, _LARGEST)
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    try:
        found = msgspec.json.decode(data, type=InputDescription)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConversionError(Problem(what=f"{path} does not describe an input", why=str(error))) from None
    return found


def _numbers(value: str | float | Sequence[float]) -> tuple[float, ...]:
    """Raises ValueError."""
    if isinstance(value, str):
        over, line, under = value.partition("/")
        return (float(over) / float(under) if line and float(under) else float(value),)
    return (float(value),) if isinstance(value, int | float) else tuple(map(float, value))
