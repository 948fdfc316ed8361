"""STEM.input.json, and `input` of STEM.heads.json: what a picture goes through before the net reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import cannot_read
from caffe_ir.error_kinds.running import DESCRIPTION
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.given_files import check_regular, read_bytes
from caffe_ir.json_text import json_text
from caffe_ir.picture_input import PictureInput
from converters.pictures.fitting import Fit
from converters.pictures.preparation import Preparation
from converters.pictures.reading import MOST_PIXELS
from converters.pictures.resampling import Kernel

ENDING = ".input.json"
ALIGNED: Literal["bilinear, corners aligned"] = "bilinear, corners aligned"
"""Darknet's way (image.c)."""
ANTIALIASED: Mapping[Kernel, Literal["bilinear, antialiased", "bicubic, antialiased"]] = {
    "bilinear": "bilinear, antialiased",
    "bicubic": "bicubic, antialiased",
}
"""Pillow's ways, and those of torchvision's transforms."""
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
    """RGB, BGR or grey; inputs of other channels are not pictures."""
    fit: Fit
    scale: str | Numbers = "1/255"
    """A number may be written as 1/N."""
    mean: Numbers = 0
    resize: Literal["bilinear, corners aligned", "bilinear, antialiased", "bicubic, antialiased"] = ALIGNED
    shorter_side: int | None = None
    """With the fit `crop`, as long the shorter side becomes before the middle is taken; without it, as Darknet does."""
    fill: float = 127.5
    """With the fit `letterbox`, the value 0..255 around the picture: Darknet's is 0.5 of 1, ultralytics' 114."""
    layout: str = "planar (N, C, H, W)"

    @property
    def channels(self) -> int:
        """How many the input has."""
        return 1 if self.order == "grey" else 3

    @property
    def kernel(self) -> Kernel | None:
        """Of Pillow's resizing; None for Darknet's."""
        return next((kernel for kernel, said in ANTIALIASED.items() if said == self.resize), None)

    def doubt(self) -> str:
        """Why nothing can be prepared so; nothing where it can."""
        height, width = self.size
        if min(height, width) < 1 or height * width > MOST_PIXELS:
            return f"size {height} x {width} is that of no input"
        if self.order not in ORDERS:
            return f"order {self.order!r} is that of no picture ({', '.join(ORDERS)})"
        if self.layout != "planar (N, C, H, W)":
            return f"layout {self.layout!r} is not that of a Caffe net"
        if self.shorter_side is not None and (self.kernel is None or self.shorter_side < max(self.size)):
            return f"no middle of {height} x {width} is taken of a shorter side of {self.shorter_side}"
        return self._doubt_of_values()

    def _doubt_of_values(self) -> str:
        if not 0 <= self.fill <= 255:
            return f"fill {self.fill:g} is not a value of a pixel"
        try:
            counts = {len(_numbers(self.mean)), len(_numbers(self.scale))}
        except ValueError:
            return f"scale {self.scale!r} is not a number"
        return "" if counts <= {1, self.channels} else f"mean and scale are not for {self.channels} channels"

    def preparation(self) -> Preparation:
        """The same as what `prepared` takes."""
        return Preparation(
            mean=_numbers(self.mean),
            scale=_numbers(self.scale),
            bgr=self.order == "BGR",
            fit=self.fit,
            kernel=self.kernel,
            shorter_side=self.shorter_side,
            fill=self.fill / 255,
        )

    def picture_input(self) -> PictureInput:
        """What of it a net can do itself: the order of channels, mean and scale."""
        made = self.preparation()
        return PictureInput(order="BGR" if made.bgr else "RGB", mean=made.mean, scale=made.scale)

    def left_by(self, taken: PictureInput | None) -> InputDescription:
        """The same without what the net does itself (`Net.taken`)."""
        if taken is None:
            return self
        other = taken.swapped and self.order != "grey"
        order = {"RGB": "BGR", "BGR": "RGB"}[self.order] if other else self.order
        return replace(self, order=order, mean=0, scale=1)


def description_text(description: InputDescription) -> str:
    """The contents of NAME.input.json."""
    return json_text(description_facts(description))


def description_facts(description: InputDescription) -> dict[str, Any]:
    """The same as plain data."""
    facts: dict[str, Any] = msgspec.to_builtins(description)
    if description.shorter_side is None:
        del facts["shorter_side"]
    if description.fit != "letterbox":
        del facts["fill"]
    return facts


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
        raise ConversionError(
            Problem(kind=DESCRIPTION, what=f"{path} does not describe an input", why=str(error))
        ) from None
    return found


def _numbers(value: str | float | Sequence[float]) -> tuple[float, ...]:
    """Raises ValueError."""
    if isinstance(value, str):
        over, line, under = value.partition("/")
        return (float(over) / float(under) if line and float(under) else float(value),)
    return (float(value),) if isinstance(value, int | float) else tuple(map(float, value))
