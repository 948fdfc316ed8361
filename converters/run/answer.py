"""What a net says of one picture, with the time of each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
from msgspec import Struct, field

from caffe_ir.blob import Array
from converters.decode import Detection, best_classes, detections, pixel_classes
from converters.decode.detection_output import objects_of
from converters.pictures.preparation import prepared
from converters.pictures.reading import import_decoder, read_picture
from converters.run.model import Model
from converters.run.session import Session
from converters.verify.source import Feeds


class Answer(Struct, kw_only=True):
    """The objects in a picture, the best classes with their scores, a class for each pixel, or its blobs.

    The blobs are there where nothing says what they mean.
    """

    path: Path
    image: Array
    objects: list[Detection] | None = None
    classes: list[tuple[int, float]] | None = None
    pixels: Array | None = None
    """(height, width); -1 where there is none."""
    blobs: dict[str, Array] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    """What of the picture is not looked at."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture."""
        _, height, width = self.image.shape
        return height, width


class ReadyPicture(Struct, frozen=True, kw_only=True):
    """A picture and the net's input that was made of it."""

    answer: Answer
    """Without an answer so far."""
    feeds: Feeds


def ready_picture(model: Model, path: Path) -> ReadyPicture:
    """Read a picture and prepare it. Raises ConversionError."""
    seconds: dict[str, float] = {}
    remarks: list[str] = []
    import_decoder()
    with _timed(seconds, "read"):
        image = read_picture(path, model.description.channels, remarks.append)
    with _timed(seconds, "prepare"):
        sizes = {name: np.zeros(shape, np.float32) for name, shape in model.sizes.items()}
        feeds = {model.input: prepared(image, model.shape, model.description.preparation()), **sizes}
    return ReadyPicture(answer=Answer(path=path, image=image, seconds=seconds, remarks=remarks), feeds=feeds)


def answered(
    model: Model, run: Session, ready: ReadyPicture, *, threshold: float | None = None, top: int | None = None
) -> Answer:
    """Run the net, decode what comes out. Raises ConversionError."""
    found = ready.answer
    with _timed(found.seconds, "net"):
        blobs = {name: np.asarray(blob)[:1] for name, blob in run(ready.feeds).items()}
    with _timed(found.seconds, "decode"):
        decode(found, model, blobs, threshold=threshold, top=top)
    return found


def answer(model: Model, run: Session, path: Path, *, threshold: float | None = None, top: int | None = None) -> Answer:
    """Read a picture, prepare it, run the net, decode what comes out. Raises ConversionError."""
    return answered(model, run, ready_picture(model, path), threshold=threshold, top=top)


def decode(
    found: Answer, model: Model, blobs: Mapping[str, Array], *, threshold: float | None = None, top: int | None = None
) -> None:
    """Say what the blobs of one picture mean, as far as that is known. Raises ConversionError."""
    if model.facts is not None and (model.facts.heads or model.facts.unknown_heads):
        found.objects = detections(model.facts, blobs, found.size, threshold=threshold)
    elif model.facts is not None and model.facts.segmentation is not None:
        facts = model.facts.segmentation
        found.pixels = pixel_classes(facts, blobs[str(facts.blob)], model.description, found.size)
    elif model.finished is not None:
        found.objects = objects_of(blobs[model.finished], model.description, found.size, threshold)
    elif model.scores is not None:
        found.classes = best_classes(model.scores, blobs[str(model.scores.blob)], top or model.scores.top)
    else:
        found.blobs = dict(blobs)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begin = perf_counter()
    yield
    seconds[stage] = perf_counter() - begin
