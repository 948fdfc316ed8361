"""What a source and the Caffe net that was made of it find in one picture, each by its own program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array
from caffe_ir.error_kinds.running import ENGINE
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.files.prototxt import written_names
from converters.pictures.reading import read_picture
from converters.run.answer import Answer, decode
from converters.run.model import Model
from converters.run.session import first_engine, session
from converters.verify.source import Feeds, ReferenceFailed, Source


class Side(Struct, frozen=True, kw_only=True):
    """One side's answer; without objects or classes and with the reason in `title` where its program has none."""

    title: str
    answer: Answer


def sides_of(path: Path, model: Model | None, source: Source, feeds: Feeds) -> tuple[Side, ...]:
    """Both sides; the picture alone where nothing says what outputs mean. `feeds` is the picture as a net's input.

    The nets run once more, as a comparison keeps no values. Raises ConversionError where the picture cannot be read.
    """
    image = read_picture(path, model.description.channels if model else 3)
    if model is None or not (model.facts or model.scores):
        return (Side(title="the input", answer=Answer(path=path, image=image)),)
    engine, _ = first_engine()
    of_file = dict(zip([model.input], feeds.values(), strict=True))
    blobs: dict[str, Callable[[], Mapping[str, Array]]] = {
        f"source, {source.references[-1].title}": lambda: _of_source(source, model, feeds),
        f"Caffe net, {engine}": lambda: session(engine, model.files, model.wanted)(of_file),
    }
    return tuple(_side(title, Answer(path=path, image=image), model, run) for title, run in blobs.items())


def _side(title: str, answer: Answer, model: Model, run: Callable[[], Mapping[str, Array]]) -> Side:
    """That one side has no answer is no reason to end without a report: the comparison is done."""
    try:
        decode(answer, model, {name: np.asarray(blob)[:1] for name, blob in run().items()})
    except ConversionError as error:
        return Side(title=f"{title}: {error}", answer=answer)
    count = "" if answer.objects is None else f": {len(answer.objects)} object{'s' * (len(answer.objects) != 1)}"
    return Side(title=title + count, answer=answer)


def _of_source(source: Source, model: Model, feeds: Feeds) -> dict[str, Array]:
    """The blobs that are decoded, as the last of the source's programs computes them. Raises ConversionError."""
    names = written_names(source.expected)
    blob_of = {value: names[blob] for value, blob in source.expected.values.items() if names[blob] in model.wanted}
    blobs: dict[str, Array] = {}
    try:
        for value, array in source.references[-1].values(feeds):
            if value in blob_of and array is not None:
                blobs[blob_of[value]] = np.asarray(array).reshape(model.files.net.shapes[blob_of[value]])
    except ReferenceFailed as error:
        raise ConversionError(Problem(kind=ENGINE, what=str(error))) from error
    if lost := [blob for blob in model.wanted if blob not in blobs]:
        raise ConversionError(Problem(kind=ENGINE, what=f"it gives no {', '.join(lost)}"))
    return blobs
