"""How `convert verify` makes a picture the input: as the file beside the net says, and above it the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from caffe_ir.files.file_names import PROTOTXT
from converters.cli.picture_input import ENDING
from converters.cli.verify_opened import Opened, Pair
from converters.options import VerifyOptions

if TYPE_CHECKING:
    from converters.pictures.description import InputDescription
    from converters.pictures.preparation import Preparation


def picture_remarks(found: Opened, pair: Pair, wanted: VerifyOptions) -> tuple[str, ...]:
    """What is to be said where pictures are among the inputs. Raises ConversionError."""
    from converters.pictures.reading import ENDINGS

    if not any(Path(name).suffix.lower() in ENDINGS for name in wanted.inputs):
        return ()
    said = _said(found, pair)
    if said is None:
        return (
            "no file says what pictures go through: red, green, blue, divided by 255, stretched; see --mean, --fit",
        )
    flags = {"--mean": wanted.mean, "--scale": wanted.scale, "--bgr": wanted.bgr, "--fit": wanted.fit}
    given = ", ".join(flag for flag, value in flags.items() if value)
    but = f", but for {given}" if given else ""
    return (f"pictures are prepared as {_file(pair).name} says: {said.order}, {said.fit}, {said.resize}{but}",)


def preparation_of(found: Opened, pair: Pair, wanted: VerifyOptions) -> Preparation:
    """What a picture goes through before it is the input of the Caffe net. Raises ConversionError and BadParameter."""
    from msgspec.structs import replace

    from converters.pictures.preparation import Preparation

    said = _said(found, pair)
    made = said.preparation() if said is not None and not said.doubt() else Preparation(fit="stretch")
    if wanted.fit:
        made = replace(made, fit=wanted.fit, kernel=None, shorter_side=None)
    taken = found.source.expected.taken
    if taken is not None:  # then the net does all but the fitting itself
        return replace(made, mean=(0.0,), scale=(1.0,), bgr=(taken.order == "BGR") != taken.swapped)
    return replace(
        made,
        mean=_numbers(wanted.mean, "--mean") or made.mean,
        scale=_numbers(wanted.scale, "--scale") or made.scale,
        bgr=wanted.bgr or made.bgr,
    )


def _said(found: Opened, pair: Pair) -> InputDescription | None:
    """As the source has it; of one that says nothing, as the file beside the pair has it. Raises ConversionError."""
    import msgspec

    from converters.pictures.description import InputDescription, read_description

    if ENDING in found.source.beside:
        text = found.source.beside[ENDING]
        return None if text is None else msgspec.json.decode(text, type=InputDescription)
    path = _file(pair)
    return read_description(path) if path.exists() else None


def _file(pair: Pair) -> Path:
    return pair.prototxt.with_name(pair.prototxt.name.removesuffix(PROTOTXT) + ENDING)


def _numbers(text: str | None, option: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise click.BadParameter(f"{text!r} is not one number or one for each channel", param_hint=option) from None
