"""For the report: the pictures that a comparison was fed with, and what the source and the Caffe net find in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.cli.verify_opened import Opened, Pair
from converters.cli.verify_work import given
from converters.options import VerifyOptions

if TYPE_CHECKING:
    from converters.run.answer import Answer
    from converters.verify.report import Shown

LARGEST = 640
"""Pixels of the longer side of a picture in a report."""


def pictures_shown(found: Opened, pair: Pair, wanted: VerifyOptions) -> list[Shown]:
    """Each picture among the inputs, once for the source and once for the Caffe net where what they say is known.

    Raises ConversionError where a picture cannot be read.
    """
    from converters.pictures.reading import ENDINGS

    if not any(Path(name).suffix.lower() in ENDINGS for name in wanted.inputs):
        return []
    from converters.run.model import read_model
    from converters.run.sides import sides_of
    from converters.verify.report import Shown

    try:
        model = read_model(pair.prototxt, pair.caffemodel)
    except ConversionError:  # nothing beside the prototxt says what its outputs mean
        model = None
    shown = []
    for path, feeds in zip(map(Path, wanted.inputs), given(wanted, found, pair), strict=True):
        if path.suffix.lower() in ENDINGS:
            sides = sides_of(path, model, found.source, feeds)
            shown.append(Shown(path=str(path), sides=tuple((side.title, _png(side.answer)) for side in sides)))
    return shown


def _png(found: Answer) -> str:
    """The picture with what was found drawn into it, as a data URI; no larger than a report needs, but for pixels."""
    from base64 import b64encode

    from converters.cli.run_shown import drawn
    from converters.pictures.drawing import as_png
    from converters.pictures.resampling import at_most

    image = found.image if found.pixels is not None else at_most(found.image, LARGEST)
    return "data:image/png;base64," + b64encode(as_png(drawn(replace(found, image=image), ()), "tocaffe")).decode()
