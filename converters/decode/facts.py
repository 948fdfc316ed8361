"""STEM.heads.json, read: what a decoder must know of a net. The file may be anybody's, so each fact is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from caffe_ir.blob import cannot_read
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.given_files import check_regular, read_bytes
from converters.pictures.description import InputDescription

ENDING = ".heads.json"
MOST_CELLS = 1 << 24
"""Numbers of one head's map: Darknet's largest nets have a hundredth of it."""
_LARGEST = 16 << 20
"""Bytes of a file."""

Part = Literal[
    "x", "y", "w", "h", "objectness", "classes", "x_sigma", "y_sigma", "w_sigma", "h_sigma"
]  # fmt: skip


class Suppression(Struct, frozen=True, kw_only=True):
    """Non-maximum suppression: which of overlapping boxes stay."""

    kind: str
    threshold: float
    beta: float | None = None
    score_threshold: float = 0.5


class ToDo(Struct, frozen=True, kw_only=True):
    """What is still to be done to the blob's channels."""

    logistic: tuple[Part, ...] = ()
    softmax: tuple[Part, ...] = ()
    scale_x_y: bool = False


class HeadFacts(Struct, frozen=True, kw_only=True):
    """A detection head, as converters.darknet.heads writes it."""

    name: str
    type: Literal["yolo", "Gaussian_yolo", "region", "detection"]
    blob: str | None
    classes: int
    num: int
    coords: int
    anchors: tuple[float, ...]
    anchor_unit: Literal["pixels", "cells", ""]
    mask: tuple[int, ...]
    grid: tuple[int, int]
    network: tuple[int, int]
    to_do: ToDo
    nms: Suppression
    scale_x_y: float = 1.0
    new_coords: bool = False
    background: bool = False
    transposed: bool = False
    square_root: bool = False
    point: str = "center"
    tree: tuple[int, ...] = ()
    parents: tuple[int, ...] = ()

    @property
    def values(self) -> int:
        """Channels of a box before its classes."""
        return 9 if self.type == "Gaussian_yolo" else self.coords + 1

    @property
    def count(self) -> int:
        """Numbers of the head's map, for one picture."""
        return (
            self.grid[0]
            * self.grid[1]
            * (self.classes + self.num * 5 if self.type == "detection" else self.num * (self.values + self.classes))
        )

    def doubt(self) -> str:
        """Why these facts cannot be those of a head; nothing where they can."""
        anchored, pairs = self.type != "detection", len(self.anchors) // 2
        doubts = {
            "a number of it is too small": min(self.classes, self.num, *self.grid, *self.network) < 1
            or self.coords < 4,
            f"its map would have {self.count} numbers": self.count > MOST_CELLS,
            f"mask names {len(self.mask)} of its {self.num} boxes": anchored and len(self.mask) != self.num,
            f"mask reaches beyond its {pairs} anchors": anchored and not all(0 <= one < pairs for one in self.mask),
            f"the tree has other classes than its {self.classes}": self.tree
            and {sum(self.tree), len(self.parents)} != {self.classes},
            "a class of the tree comes before its parent": any(
                not -1 <= parent < place for place, parent in enumerate(self.parents)
            ),
        }
        return next((text for text, there in doubts.items() if there), "")


class UnknownHeadFacts(Struct, frozen=True, kw_only=True):
    """A head of somebody's own Darknet."""

    name: str
    section: str


class ClassifierFacts(Struct, frozen=True, kw_only=True):
    """The scores of a classifier."""

    blob: str | None
    classes: int
    parents: tuple[int, ...] = ()
    top: int = 1


class Facts(Struct, frozen=True, kw_only=True):
    """The whole file."""

    input: InputDescription
    heads: tuple[HeadFacts, ...] = ()
    unknown_heads: tuple[UnknownHeadFacts, ...] = ()
    classifier: ClassifierFacts | None = None


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
        problem = Problem(what=f"{path} does not describe a net's outputs", why=str(error), hint=_HINT)
        raise ConversionError(problem) from None
    doubts = [
        Problem(what=f"{path}, head {head.name}: {doubt}", hint=_HINT)
        for head in facts.heads
        if (doubt := head.doubt())
    ]
    if doubts:
        raise ConversionError(*doubts)
    return facts


_HINT = "`convert darknet` writes this file beside the prototxt"
