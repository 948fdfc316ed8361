"""Where the weights lie in a caffemodel: its layers by name, their blobs as views of the file, nothing copied.

Reads what Caffe's own reader accepts (facts of caffe.proto): `layer` (100) and the older `layers` (2), shapes in
`shape` or in the four old numbers, numbers packed or one by one, float or double.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import prod
from pathlib import Path
from typing import TypeVar

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Blob, Shape, became_shorter, cannot_read
from caffe_ir.error_kinds.caffe import NOT_A_CAFFEMODEL
from caffe_ir.error_kinds.files import CANNOT_READ
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.files.wire import EIGHT_BYTES, FOUR_BYTES, LENGTH, VARINT, Field, TornError, WireFile

_WIDTHS = {5: 4, 8: 8}
"""The fields of BlobProto that hold numbers, `data` and `double_data`, and the bytes of each."""
_RAW = 12
"""The field for numbers as bytes that OpenCV adds, for half precision; Caffe knows nothing of it."""
MOST_AXES = 32
"""blob.hpp, kMaxBlobAxes."""


_Read = TypeVar("_Read")


class StoredLayer(Struct, frozen=True, kw_only=True):
    """A layer of a caffemodel: its weights, with the shapes that the file gives them.

    `legacy` says that the shapes are the four old numbers, which Caffe aligns to the right of the net's own. `places`
    says which of the layer's blobs these are, in a file that leaves out what an earlier layer owns.
    """

    name: str
    type: str
    blobs: tuple[Blob, ...]
    legacy: bool = False
    places: tuple[int, ...] | None = None


class _Run(Struct, frozen=True):
    """Numbers that lie `step` bytes apart: side by side, or each behind a tag of its own."""

    start: int
    count: int
    step: int


class BlobFields(Struct, frozen=True, kw_only=True):
    """The fields of a blob: its shape, None where there is none, and where its numbers lie, by their width.

    `legacy` where the shape is the four old numbers; `raw` has the bytes of OpenCV's own field.
    """

    shape: Shape | None
    legacy: bool
    runs: Mapping[int, Sequence[_Run]]
    raw: int

    @property
    def shown(self) -> Shape:
        return self.shape or ()

    @property
    def width(self) -> int:
        """The bytes of each number: the doubles count where there are some."""
        return 8 if self.runs[8] else 4

    @property
    def numbers(self) -> int:
        return sum(run.count for run in self.runs[self.width])


def read_index(path: str | Path) -> list[StoredLayer]:
    """The layers of a caffemodel in the order of the file. Raises ConversionError where it cannot be one."""
    path = Path(path)
    return list(in_layers(path, lambda data, field, modern: _layer(path, data, field, modern=modern)))


def in_layers(path: Path, read: Callable[[WireFile, Field, bool], _Read]) -> Iterator[_Read]:
    """What `read` makes of each layer of a caffemodel; its last argument is whether it is a `layer`, not a `layers`.

    Raises ConversionError where the file cannot be one.
    """
    origin = Origin(layer=path.name, file=str(path))
    try:
        with open(path, "rb", buffering=0) as file:
            data = WireFile(file)
            if not data.length:
                raise TornError("it is empty")
            for field in data.fields(0, data.length):
                if field.wire == LENGTH and field.number in (2, 100):
                    yield read(data, field, field.number == 100)
    except OSError as error:
        raise ConversionError(
            Problem(kind=CANNOT_READ, what=f"cannot read {path}", why=error.strerror or str(error), origin=origin)
        ) from error
    except TornError as error:
        raise ConversionError(
            Problem(
                kind=NOT_A_CAFFEMODEL,
                what="this is not a caffemodel, or it is cut off",
                why=str(error),
                hint="compare its size with the original's; a caffemodel is the binary file, not the prototxt",
                origin=origin,
            )
        ) from error


def _layer(path: Path, data: WireFile, layer: Field, *, modern: bool) -> StoredLayer:
    name, kind, fields = layer_fields(data, layer, modern=modern)
    blobs = [_blob(path, data, field) for field in fields]
    return StoredLayer(
        name=name, type=kind, blobs=tuple(blob for blob, _ in blobs), legacy=any(old for _, old in blobs)
    )


def layer_fields(data: WireFile, layer: Field, *, modern: bool) -> tuple[str, str, list[Field]]:
    """The name of a layer, its type where the file has a name for it, and the fields of its blobs."""
    name, kind = "", ""
    blobs: list[Field] = []
    name_field, blobs_field = (1, 7) if modern else (4, 6)
    for field in data.fields(layer.start, layer.end):
        if field.number == name_field and field.wire == LENGTH:
            name = data.text(field)
        elif field.number == 2 and field.wire == LENGTH and modern:
            kind = data.text(field)
        elif field.number == blobs_field and field.wire == LENGTH:
            blobs.append(field)
    return name, kind, blobs


def _blob(path: Path, data: WireFile, blob: Field) -> tuple[Blob, bool]:
    found = blob_fields(data, blob)
    shown = found.shown
    if len(shown) > MOST_AXES:
        raise TornError(f"a blob has {len(shown)} axes, and Caffe's have {MOST_AXES} at most")
    if max(shown, default=0) >= 1 << 31:
        raise TornError(f"a blob has the shape {shown}, and Caffe's sizes have 31 bits")
    if found.numbers != prod(shown):
        raise TornError(f"a blob of shape {shown} holds {found.numbers} numbers")
    chosen = tuple(found.runs[found.width])
    if len(chosen) == 1 and chosen[0].step == found.width == 4:
        return Blob.in_file(path, chosen[0].start, shown), found.legacy
    return Blob.computed(shown, partial(_gathered, path, chosen, shown, found.width)), found.legacy


def blob_fields(data: WireFile, blob: Field) -> BlobFields:
    """What a blob of the file holds, whether or not it fits together. Raises TornError."""
    shape: Shape | None = None
    old: dict[int, int] = {}
    runs: dict[int, list[_Run]] = {4: [], 8: []}
    raw = 0
    place = blob.start
    while place < blob.end:
        field = data.field(place, blob.end)
        place = field.end
        if field.number == 7 and field.wire == LENGTH:
            shape = tuple(
                dim for one in data.fields(field.start, field.end) if one.number == 1 for dim in data.varints(one)
            )
        elif field.number in (1, 2, 3, 4) and field.wire == VARINT:
            old[field.number] = field.value
        elif field.number == _RAW and field.wire == LENGTH:
            raw = field.end - field.start
        elif field.number in _WIDTHS:
            width = _WIDTHS[field.number]
            run = _run(data, field, width, blob.end)
            if run.count:
                runs[width].append(run)
                place = run.start + (run.count - 1) * run.step + width
    legacy = tuple(old.get(number, 0) for number in (1, 2, 3, 4)) if old else None
    return BlobFields(shape=legacy or shape, legacy=bool(old), runs=runs, raw=raw)


def _run(data: WireFile, field: Field, width: int, end: int) -> _Run:
    """The numbers in a field, and in those like it that follow."""
    if field.wire == LENGTH and (field.end - field.start) % width == 0:
        return _Run(field.start, (field.end - field.start) // width, width)
    if field.wire != (EIGHT_BYTES if width == 8 else FOUR_BYTES):
        raise TornError(f"the field at byte {field.start} holds no numbers of {width} bytes")
    return _Run(field.start, data.repeated(field, end), width + 1)


def _gathered(path: Path, runs: tuple[_Run, ...], shape: Shape, width: int) -> Array:
    numbers, place = np.empty(prod(shape), f"<f{width}"), 0
    try:
        with open(path, "rb") as file:
            for run in runs:
                file.seek(run.start)
                gap = run.step - width
                found = file.read(run.count * run.step - gap)
                if len(found) < run.count * run.step - gap:
                    raise ConversionError(became_shorter(path))
                rows = np.frombuffer(found + bytes(gap), np.uint8).reshape(run.count, run.step)[:, :width]
                numbers[place : place + run.count] = np.ascontiguousarray(rows).reshape(-1).view(numbers.dtype)
                place += run.count
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    return numbers.reshape(shape)
