"""STEM.heads.json, read: what a decoder must know of a net. The file may be anybody's, so each fact is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from caffe_ir.blob import cannot_read
from caffe_ir.error_kinds.running import DESCRIPTION
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.given_files import check_regular, read_bytes
from caffe_ir.json_text import json_text
from converters.decode.heads import AnyHead
from converters.pictures.description import InputDescription, description_facts

ENDING = ".heads.json"
_LARGEST = 16 << 20
"""Bytes of a file."""


class UnknownHeadFacts(Struct, frozen=True, kw_only=True):
    """A head of somebody's own Darknet: its section's type, and the name that its layer has."""

    name: str
    section: str


class ClassifierFacts(Struct, frozen=True, kw_only=True):
    """The scores of a classifier, (batch, classes), in `blob`."""

    blob: str | None
    classes: int
    parents: tuple[int, ...] = ()
    """For each class of a hierarchy the number of the one above it, -1 at the top; empty without one."""
    top: int = 1
    """How many of the best classes are listed."""


class SegmentationFacts(Struct, frozen=True, kw_only=True):
    """A map of scores (batch, classes, height, width): a pixel is of the class with the largest.

    Where there is one class, a pixel is of it if its score is above `threshold`.
    """

    blob: str | None
    classes: int
    threshold: float = 0.0


class Facts(Struct, frozen=True, kw_only=True):
    """The whole file: how a picture becomes the input, and what the outputs mean.

    `heads` are those of detectors; a net has one `classifier` or `segmentation` at most.
    """

    input: InputDescription
    heads: tuple[AnyHead, ...] = ()
    unknown_heads: tuple[UnknownHeadFacts, ...] = ()
    classifier: ClassifierFacts | None = None
    segmentation: SegmentationFacts | None = None


def facts_text(facts: Facts) -> str:
    """The contents of a file that says this."""
    told: dict[str, Any] = {"input": description_facts(facts.input), "heads": msgspec.to_builtins(facts.heads)}
    if facts.segmentation is not None:
        told["segmentation"] = msgspec.to_builtins(facts.segmentation)
    return json_text(told)


def read_facts(path: Path) -> Facts:
    """The facts of a file. Raises ConversionError with what is wrong with it."""
    try:
        check_regular(path)
        data = read_bytes(path, _LARGEST)
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    return facts_of(data, path)


def facts_of(data: bytes, path: Path) -> Facts:
    """The facts in a text, which came from `path`. Raises ConversionError."""
    try:
        facts = msgspec.json.decode(data, type=Facts)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = Problem(
            kind=DESCRIPTION, what=f"{path} does not describe a net's outputs", why=str(error), hint=_HINT
        )
        raise ConversionError(problem) from None
    doubts = [
        Problem(kind=DESCRIPTION, what=f"{path}, head {head.name}: {doubt}", hint=_HINT)
        for head in facts.heads
        for doubt in dict.fromkeys(head.doubts())
    ]
    if doubts:
        raise ConversionError(*doubts)
    return facts


_HINT = "`convert darknet` and `convert pytorch --output-is` write this file beside the prototxt"
