"""What a picture goes through, from options as a command line spells them: mean, std, scale, bgr, resize, crop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from caffe_ir.error_kinds.general import OPTION_VALUE
from caffe_ir.errors import Problems
from converters.pictures.description import ANTIALIASED, InputDescription
from converters.pictures.resampling import Kernel

LETTERBOX = "letterbox"
"""What --resize says for a picture that keeps its proportions in the middle of a grey field."""
ULTRALYTICS_GREY = 114.0


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
    if not problems.found:
        _check_units(problems, means, deviations)
    if bgr and channels != 3:
        problems.add(f"--bgr, but the input has {channels} channel{'s' * (channels != 1)}", kind=OPTION_VALUE)
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
        fill=ULTRALYTICS_GREY if boxed else 127.5,
        scale=tuple(factors) if factors else "1/255",
        mean=tuple(means) if means else 0,
        resize=ANTIALIASED[interpolation or "bilinear"],
        shorter_side=side,
    )


def _listed(problems: Problems, option: str, text: str | None, channels: int) -> list[float]:
    """The numbers of an option, one or one for each channel."""
    try:
        found = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        problems.add(f"{option} {text} is not a number, nor several with commas between them", kind=OPTION_VALUE)
        return []
    if len(found) not in (0, 1, channels) or not all(map(isfinite, found)):
        problems.add(f"{option} {text} is not for an input of {channels} channels", kind=OPTION_VALUE)
    return found


def _check_units(problems: Problems, means: Sequence[float], deviations: Sequence[float]) -> None:
    """With --std the numbers are of values from 0 to 1, without it of 0 to 255: those of the other kind show it."""
    mean = f"--mean {_numbers(means)} " if means else ""
    if deviations and max([*means, *deviations]) > 1:
        std = f"{mean}--std {_numbers(deviations)}"
        hint = "give both for values from 0 to 1"
        if min(deviations) > 1:
            hint = f"for values from 0 to 255 it is {mean}--scale {_numbers([1 / one for one in deviations])}"
        why = "with --std both are for values from 0 to 1"
        problems.add(f"{std} is for values from 0 to 255", why=why, hint=hint, kind=OPTION_VALUE)
    if means and not deviations and 0 < max(means) < 1:
        why, hint = "without --std it is for values from 0 to 255", f"{mean}--std 1 is for values from 0 to 1"
        problems.add(f"{mean}is for values from 0 to 1", why=why, hint=hint, kind=OPTION_VALUE)


def _numbers(numbers: Iterable[float]) -> str:
    return ",".join(f"{one:.9g}" for one in numbers)


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
