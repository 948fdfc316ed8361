"""Where the weights lie in a caffemodel: its layers by name, their blobs as views of the file, nothing copied.

Reads what Caffe's own reader accepts (facts of caffe.proto): `layer` (100) and the older `layers` (2), shapes in
`shape` or in the four old numbers, numbers packed or one by one, float or double.
"""

from __future__ import annotations

from functools import partial
from math import prod
from pathlib import Path

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Blob, Shape, became_shorter, cannot_read
from caffe_ir.error_kinds.caffe import NOT_A_CAFFEMODEL
from caffe_ir.error_kinds.files import CANNOT_READ
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.files.wire import EIGHT_BYTES, FOUR_BYTES, LENGTH, VARINT, Field, TornError, WireFile

_WIDTHS = {5: 4, 8: 8}
"""The fields of BlobProto that hold numbers, `data` and `double_data`, and the bytes of each."""
MOST_AXES = 32
"""blob.hpp, kMaxBlobAxes."""


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


def read_index(path: str | Path) -> list[StoredLayer]:
    """The layers of a caffemodel in the order of the file. Raises ConversionError where it cannot be one."""
    path = Path(path)
    origin = Origin(layer=path.name, file=str(path))
    try:
        with open(path, "rb", buffering=0) as file:
            data = WireFile(file)
            if not data.length:
                raise TornError("it is empty")
            return [
                _layer(path, data, field, modern=field.number == 100)
                for field in data.fields(0, data.length)
                if field.wire == LENGTH and field.number in (2, 100)
            ]
    except OSError as error:
        raise ConversionError(
            Problem(kind=CANNOT_READ, what=f"cannot read {path}", why=error.strerror or str(error), origin=origin)
        ) from error
    except TornError as error:
        raise ConversionError(
            Problem(
                kind=NOT_A_CAFFEMODEL,
                what="this is no caffemodel, or it is cut off",
                why=str(error),
                hint="compare its size with the original's; a caffemodel is the binary file, not the prototxt",
                origin=origin,
            )
        ) from error


def _layer(path: Path, data: WireFile, layer: Field, *, modern: bool) -> StoredLayer:
    name, kind = "", ""
    blobs: list[Blob] = []
    legacy = False
    name_field, blobs_field = (1, 7) if modern else (4, 6)
    for field in data.fields(layer.start, layer.end):
        if field.number == name_field and field.wire == LENGTH:
            name = data.text(field)
        elif field.number == 2 and field.wire == LENGTH and modern:
            kind = data.text(field)
        elif field.number == blobs_field and field.wire == LENGTH:
            blob, old = _blob(path, data, field)
            blobs.append(blob)
            legacy |= old
    return StoredLayer(name=name, type=kind, blobs=tuple(blobs), legacy=legacy)


def _blob(path: Path, data: WireFile, blob: Field) -> tuple[Blob, bool]:
    shape: list[int] = []
    old: dict[int, int] = {}
    runs: dict[int, list[_Run]] = {4: [], 8: []}
    place = blob.start
    while place < blob.end:
        field = data.field(place, blob.end)
        place = field.end
        if field.number == 7 and field.wire == LENGTH:
            shape = [dim for one in data.fields(field.start, field.end) if one.number == 1 for dim in data.varints(one)]
        elif field.number in (1, 2, 3, 4) and field.wire == VARINT:
            old[field.number] = field.value
        elif field.number in _WIDTHS:
            width = _WIDTHS[field.number]
            run = _run(data, field, width, blob.end)
            if run.count:
                runs[width].append(run)
                place = run.start + (run.count - 1) * run.step + width
    shown: Shape = tuple(old.get(number, 0) for number in (1, 2, 3, 4)) if old else tuple(shape)
    if len(shown) > MOST_AXES:
        raise TornError(f"a blob has {len(shown)} axes, and Caffe's have {MOST_AXES} at most")
    if max(shown, default=0) >= 1 << 31:
        raise TornError(f"a blob has the shape {shown}, and Caffe's sizes have 31 bits")
    width = 8 if runs[8] else 4
    held = sum(run.count for run in runs[width])
    if held != prod(shown):
        raise TornError(f"a blob of shape {shown} holds {held} numbers")
    chosen = tuple(runs[width])
    if len(chosen) == 1 and chosen[0].step == width == 4:
        return Blob.in_file(path, chosen[0].start, shown), bool(old)
    return Blob.computed(shown, partial(_gathered, path, chosen, shown, width)), bool(old)


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
