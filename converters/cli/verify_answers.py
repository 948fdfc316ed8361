"""For the report: the pictures that a comparison was fed with, and what the source and the Caffe net find in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.errors import ConversionError
from converters.cli.verify_opened import Opened, Pair
from converters.cli.verify_work import given
from converters.options import VerifyOptions

if TYPE_CHECKING:
    from converters.run.answer import Answer
    from converters.run.model import Model
    from converters.verify.report import Shown
    from converters.verify.source import Feeds, Source

LARGEST = 640
"""Pixels of the longer side of a picture in a report."""


def pictures_shown(found: Opened, pair: Pair, wanted: VerifyOptions) -> list[Shown]:
    """Each picture among the inputs, once for the source and once for the Caffe net where what they say is known.

    The nets run once more, as a comparison keeps no values. Raises ConversionError where a picture cannot be read.
    """
    from converters.pictures.reading import ENDINGS
    from converters.run.model import read_model

    pictures = [Path(name).suffix.lower() in ENDINGS for name in wanted.inputs]
    if not any(pictures):
        return []
    try:
        model = read_model(pair.prototxt, pair.caffemodel)
    except ConversionError:  # nothing beside the prototxt says what its outputs mean
        model = None
    feeds = given(wanted, found, pair)
    return [
        _shown(Path(name), model, found.source, each)
        for name, each, is_picture in zip(wanted.inputs, feeds, pictures, strict=True)
        if is_picture
    ]


def _shown(path: Path, model: Model | None, source: Source, feeds: Feeds) -> Shown:
    from converters.pictures.reading import read_picture
    from converters.run.answer import Answer
    from converters.run.session import first_engine, session
    from converters.verify.report import Shown

    found = Answer(path=path, image=read_picture(path, model.description.channels if model else 3))
    if model is None or not (model.facts or model.scores):
        return Shown(path=str(path), sides=(("the input", _png(found)),))
    engine = first_engine()
    sides = (
        (f"source, {source.judges[-1].title}", lambda: _of_source(source, model, feeds)),
        (f"Caffe net, {engine}", lambda: session(engine, model.files, model.wanted)(_of_file(model, feeds))),
    )
    return Shown(path=str(path), sides=tuple(_side(title, found, model, blobs) for title, blobs in sides))


def _side(title: str, found: Answer, model: Model, blobs: Callable[[], Mapping[str, Array]]) -> tuple[str, str]:
    """What one side finds. That it finds nothing is no reason to end without a report: the comparison is done."""
    from converters.run.answer import Answer, decode

    one = Answer(path=found.path, image=found.image)
    try:
        decode(one, model, {name: np.asarray(blob)[:1] for name, blob in blobs().items()})
    except ConversionError as error:
        return f"{title}: {error}", _png(found)
    count = "" if one.objects is None else f": {len(one.objects)} object{'s' * (len(one.objects) != 1)}"
    return title + count, _png(one)


def _of_file(model: Model, feeds: Feeds) -> Feeds:
    return dict(zip([model.input], feeds.values(), strict=True))


def _of_source(source: Source, model: Model, feeds: Feeds) -> dict[str, Array]:
    """The blobs that are decoded, as the last of the source's programs computes them. Raises ConversionError."""
    from caffe_ir.error_kinds.running import ENGINE
    from caffe_ir.errors import Problem
    from caffe_ir.files.prototxt import written_names
    from converters.verify.source import JudgeFailed

    names = written_names(source.expected)
    blob_of = {value: names[blob] for value, blob in source.expected.values.items() if names[blob] in model.wanted}
    blobs: dict[str, Array] = {}
    try:
        for value, array in source.judges[-1].values(feeds):
            if value in blob_of and array is not None:
                blobs[blob_of[value]] = np.asarray(array).reshape(model.files.net.shapes[blob_of[value]])
    except JudgeFailed as error:
        raise ConversionError(Problem(kind=ENGINE, what=str(error))) from error
    if lost := [blob for blob in model.wanted if blob not in blobs]:
        raise ConversionError(Problem(kind=ENGINE, what=f"it gives no {', '.join(lost)}"))
    return blobs


def _png(found: Answer) -> str:
    """The picture with what was found drawn into it, not larger than a report needs, as a data URI."""
    from base64 import b64encode

    from converters.cli.run_shown import drawn
    from converters.pictures.drawing import as_png
    from converters.pictures.resampling import antialiased

    height, width = found.size
    if found.pixels is None and max(height, width) > LARGEST:
        part = LARGEST / max(height, width)
        small = antialiased(found.image, max(1, round(height * part)), max(1, round(width * part)))
        found = replace(found, image=np.clip(np.round(small), 0, 255).astype(np.uint8))
    return "data:image/png;base64," + b64encode(as_png(drawn(found, ()), "tocaffe")).decode()
