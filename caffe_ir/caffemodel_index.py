"""Where the weights lie in a caffemodel: its layers by name, their blobs as views of the file, nothing copied.

Reads what Caffe's own reader accepts (facts of caffe.proto): `layer` (100) and the older `layers` (2), shapes in
`shape` or in the four old numbers, numbers packed or one by one, float or double.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import FileIO
from math import prod
from pathlib import Path

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Blob, Shape, became_shorter, cannot_read
from caffe_ir.errors import ConversionError, Origin, Problem

_WINDOW = 1 << 12
"""Bytes that are read at once: the fields between two blobs need few, and the numbers behind them are skipped."""


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


class _Field(Struct, frozen=True):
    number: int
    wire: int
    value: int
    start: int
    end: int


class _Torn(Exception):
    """The bytes do not form a message."""


class _Bytes:
    """The bytes of a file by their place, read around the place that is asked for.

    Not mapped: the system kills a process that touches the mapping of a file which somebody has truncated.
    """

    def __init__(self, file: FileIO) -> None:
        self.length = os.fstat(file.fileno()).st_size
        self._file, self._start, self._window = file, 0, b""

    def byte(self, place: int) -> int:
        if not 0 <= place - self._start < len(self._window):
            self._start, self._window = place, self._read(place, _WINDOW)
        return self._window[place - self._start]

    def cut(self, start: int, end: int) -> bytes:
        return self._read(start, end - start)

    def _read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        found = self._file.read(count)
        if not found and count:
            raise _Torn(f"it has no byte {start}")
        return found


def read_index(path: str | Path) -> list[StoredLayer]:
    """The layers of a caffemodel in the order of the file. Raises ConversionError where it cannot be one."""
    path = Path(path)
    origin = Origin(layer=path.name, file=str(path))
    try:
        with open(path, "rb", buffering=0) as file:
            data = _Bytes(file)
            if not data.length:
                raise _Torn("it is empty")
            return [
                _layer(path, data, field, modern=field.number == 100)
                for field in _fields(data, 0, data.length)
                if field.wire == 2 and field.number in (2, 100)
            ]
    except OSError as error:
        raise ConversionError(
            Problem(what=f"cannot read {path}", why=error.strerror or str(error), origin=origin)
        ) from error
    except (_Torn, UnicodeDecodeError, ValueError) as error:
        raise ConversionError(
            Problem(
                what="this is no caffemodel, or it is cut off",
                why=str(error),
                hint="compare its size with the original's; a caffemodel is the binary file, not the prototxt",
                origin=origin,
            )
        ) from error


def _layer(path: Path, data: _Bytes, layer: _Field, *, modern: bool) -> StoredLayer:
    name, kind = "", ""
    blobs: list[Blob] = []
    legacy = False
    name_field, blobs_field = (1, 7) if modern else (4, 6)
    for field in _fields(data, layer.start, layer.end):
        if field.number == name_field and field.wire == 2:
            name = data.cut(field.start, field.end).decode()
        elif field.number == 2 and field.wire == 2 and modern:
            kind = data.cut(field.start, field.end).decode()
        elif field.number == blobs_field and field.wire == 2:
            blob, old = _blob(path, data, field)
            blobs.append(blob)
            legacy |= old
    return StoredLayer(name=name, type=kind, blobs=tuple(blobs), legacy=legacy)


def _blob(path: Path, data: _Bytes, blob: _Field) -> tuple[Blob, bool]:
    shape: list[int] = []
    old: dict[int, int] = {}
    floats: list[_Field] = []
    doubles: list[_Field] = []
    for field in _fields(data, blob.start, blob.end):
        if field.number == 7 and field.wire == 2:
            shape = _dims(data, field)
        elif field.number in (1, 2, 3, 4) and field.wire == 0:
            old[field.number] = field.value
        elif field.number == 5:
            floats.append(field)
        elif field.number == 8:
            doubles.append(field)
    shown: Shape = tuple(old.get(number, 0) for number in (1, 2, 3, 4)) if old else tuple(shape)
    runs, width = (doubles, 8) if doubles else (floats, 4)
    held = sum(run.end - run.start for run in runs) // width
    if held != prod(shown):
        raise _Torn(f"a blob of shape {shown} holds {held} numbers")
    if width == 4 and len(runs) == 1:
        return Blob.in_file(path, runs[0].start, shown), bool(old)
    spans = [(run.start, run.end - run.start) for run in runs]
    return Blob.computed(shown, lambda: _gathered(path, spans, shown, width)), bool(old)


def _gathered(path: Path, spans: list[tuple[int, int]], shape: Shape, width: int) -> Array:
    pieces = []
    try:
        with open(path, "rb") as file:
            for start, count in spans:
                file.seek(start)
                pieces.append(file.read(count))
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    numbers = b"".join(pieces)
    if len(numbers) < width * prod(shape):
        raise ConversionError(became_shorter(path))
    return np.frombuffer(numbers, f"<f{width}").reshape(shape)


def _dims(data: _Bytes, shape: _Field) -> list[int]:
    dims: list[int] = []
    for field in _fields(data, shape.start, shape.end):
        if field.number != 1:
            continue
        if field.wire == 0:
            dims.append(field.value)
            continue
        place = field.start
        while place < field.end:
            dim, place = _varint(data, place, field.end)
            dims.append(dim)
    return dims


def _fields(data: _Bytes, place: int, end: int) -> Iterator[_Field]:
    while place < end:
        tag, place = _varint(data, place, end)
        number, wire = tag >> 3, tag & 7
        value = 0
        if wire == 0:
            start = place
            value, place = _varint(data, place, end)
        elif wire == 1:
            start, place = place, place + 8
        elif wire == 5:
            start, place = place, place + 4
        elif wire == 2:
            length, start = _varint(data, place, end)
            place = start + length
        else:
            raise _Torn(f"wire type {wire} at byte {place}")
        if place > end or number == 0:
            raise _Torn(f"the field at byte {start} runs over its end")
        yield _Field(number, wire, value, start, place)


def _varint(data: _Bytes, place: int, end: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if place >= end or shift > 63:
            raise _Torn(f"the number at byte {place} has no end")
        byte = data.byte(place)
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
        shift += 7
