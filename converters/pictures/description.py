"""STEM.input.json, and `input` of STEM.heads.json: what a picture goes through before the net reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import cannot_read
from caffe_ir.error_kinds.general import OPTION_VALUE
from caffe_ir.error_kinds.running import DESCRIPTION
from caffe_ir.errors import ConversionError, Problem, Problems
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

LETTERBOX = "letterbox"
"""What --resize says for a picture that keeps its proportions in the middle of a grey field."""
_ULTRALYTICS_GREY = 114.0
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
            return f"fill {self.fill:g} is no value of a pixel"
        try:
            counts = {len(_numbers(self.mean)), len(_numbers(self.scale))}
        except ValueError:
            return f"scale {self.scale!r} is no number"
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


def described(
    size: tuple[int, int],
    channels: int,
    *,
    mean: str | None = None,
    std: str | None = None,
    scale: str | None = None,
    bgr: bool = False,
    resize: str | None = None,
    crop: str | None = None,
    interpolation: Kernel | None = None,
) -> InputDescription:
    """The description of an input of this height and width, from options as a command line spells them.

    With `std` mean and std are torchvision's: of values from 0 to 1. Without it the mean is one of values from 0 to
    255, and `scale` is what they are multiplied by then. `resize` may be LETTERBOX, in ultralytics' grey. Raises
    ConversionError with all that is wrong.
    """
    problems = Problems()
    means, deviations, factors = (
        _listed(problems, option, text, channels)
        for option, text in (("--mean", mean), ("--std", std), ("--scale", scale))
    )
    if std and scale:
        why = "--std is for values from 0 to 1, --scale for those from 0 to 255"
        problems.add("--std and --scale are given both", why=why, hint="give one of the two", kind=OPTION_VALUE)
    if any(deviation == 0 for deviation in deviations):
        problems.add("--std is 0", why="values are divided by it", kind=OPTION_VALUE)
    if bgr and channels != 3:
        problems.add(f"--bgr, but the input has {channels} channels", kind=OPTION_VALUE)
    boxed = bool(resize) and str(resize).lower() == LETTERBOX
    if boxed and crop:
        why = "a letterbox holds the whole picture"
        problems.add(f"--resize {LETTERBOX} with --crop", why=why, kind=OPTION_VALUE)
    resize = None if boxed else resize
    wanted = _size(problems, "--crop", crop) or (size if resize and "x" not in resize.lower() else None)
    if wanted and wanted != size:
        problems.add(f"--crop {crop or resize} gives {_by(wanted)}, the input is {_by(size)}", kind=OPTION_VALUE)
    side = None
    if resize:
        given = _size(problems, "--resize", resize)
        whole = "x" in resize.lower()
        side = given[0] if given and not whole else None
        if given and whole and (given != size or crop):
            problems.add(
                f"--resize {resize}, but the input is {_by(size)}",
                hint="with --crop give the shorter side",
                kind=OPTION_VALUE,
            )
        if side is not None and side < max(size):
            problems.add(f"--resize {side} is shorter than the input, {_by(size)}", kind=OPTION_VALUE)
    elif crop and not boxed:
        problems.add(
            "--crop without --resize",
            hint="say how long the shorter side is before: --resize 256 --crop 224",
            kind=OPTION_VALUE,
        )
    problems.raise_if_any()
    if std:
        means, factors = [255 * one for one in means], [1 / (255 * one) for one in deviations]
    return InputDescription(
        size=size,
        order="grey" if channels == 1 else "BGR" if bgr else "RGB",
        fit="letterbox" if boxed else "stretch" if side is None else "crop",
        fill=_ULTRALYTICS_GREY if boxed else 127.5,
        scale=tuple(factors) if factors else "1/255",
        mean=tuple(means) if means else 0,
        resize=ANTIALIASED[interpolation or "bilinear"],
        shorter_side=side,
    )


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


def _listed(problems: Problems, option: str, text: str | None, channels: int) -> list[float]:
    """The numbers of an option, one or one for each channel."""
    try:
        found = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        problems.add(f"{option} {text} is no number, nor several with commas between them", kind=OPTION_VALUE)
        return []
    if len(found) not in (0, 1, channels) or not all(map(isfinite, found)):
        problems.add(f"{option} {text} is not for an input of {channels} channels", kind=OPTION_VALUE)
    return found


def _size(problems: Problems, option: str, text: str | None) -> tuple[int, int] | None:
    """HxW, or one number for both."""
    parts = text.lower().split("x") if text else []
    if not parts:
        return None
    if len(parts) > 2 or not all(part.isdecimal() and 0 < int(part) < 1 << 16 for part in parts):
        problems.add(f"{option} {text} is neither a number of pixels nor HxW", kind=OPTION_VALUE)
        return None
    return int(parts[0]), int(parts[-1])


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _numbers(value: str | float | Sequence[float]) -> tuple[float, ...]:
    """Raises ValueError."""
    if isinstance(value, str):
        over, line, under = value.partition("/")
        return (float(over) / float(under) if line and float(under) else float(value),)
    return (float(value),) if isinstance(value, int | float) else tuple(map(float, value))
