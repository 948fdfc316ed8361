"""Protobuf's wire format, read by place: which field lies where in a file, without its contents.

A field is a tag (number << 3 | wire type) and what the wire type says: 0 a varint, 1 eight bytes, 2 a length and so
many bytes, 5 four bytes (protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import FileIO

import numpy as np
from msgspec import Struct

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
MOST_FIELDS = 4_000_000
"""So many fields have the weights of 200,000 layers; more are refused, for a file of nothing else takes minutes."""

_WINDOW = 1 << 12
"""Bytes that are read at once: the fields between two blobs need few, and the numbers behind them are skipped."""
_RUN = 1 << 20
"""Bytes of numbers that stand one by one which are looked at together."""


class TornError(Exception):
    """The bytes do not form a message."""


class Field(Struct, frozen=True):
    """A field: `value` is a varint's; the contents of any other lie from byte `start` to byte `end`."""

    number: int
    wire: int
    value: int
    start: int
    end: int


class WireFile:
    """The fields of a file by their place, read around the place that is asked for. All methods raise TornError.

    Not mapped: the system kills a process that touches the mapping of a file which somebody has truncated.
    """

    def __init__(self, file: FileIO) -> None:
        self.length = os.fstat(file.fileno()).st_size
        self._file, self._start, self._window = file, 0, b""
        self._left = MOST_FIELDS

    def text(self, field: Field) -> str:
        """The contents of a field as UTF-8. Raises TornError."""
        found = self._read(field.start, field.end - field.start)
        try:
            return found.decode()
        except UnicodeDecodeError:
            raise TornError(f"the text at byte {field.start} is not UTF-8") from None

    def float32(self, start: int) -> float:
        """The number in the four bytes from a place on. Raises TornError where there are fewer."""
        found = self._read(start, 4)
        if len(found) < 4:
            raise TornError(f"it has no four bytes at {start}")
        return float(np.frombuffer(found, "<f4")[0])

    def fields(self, place: int, end: int) -> Iterator[Field]:
        """The fields from one byte to another."""
        while place < end:
            field = self.field(place, end)
            yield field
            place = field.end

    def field(self, place: int, end: int) -> Field:
        """The field whose tag begins at a byte. Raises TornError where it goes on beyond `end`, or is none."""
        self._left -= 1
        if self._left < 0:
            raise TornError(f"it has more than {MOST_FIELDS:,} fields, which no net has")
        tag, start = self.varint(place, end)
        number, wire = tag >> 3, tag & 7
        value = 0
        if wire == VARINT:
            value, place = self.varint(start, end)
        elif wire == EIGHT_BYTES:
            place = start + 8
        elif wire == FOUR_BYTES:
            place = start + 4
        elif wire == LENGTH:
            length, start = self.varint(start, end)
            place = start + length
        else:
            raise TornError(f"wire type {wire} at byte {start}")
        if place > end or number == 0:
            raise TornError(f"the field at byte {start} runs over its end")
        return Field(number, wire, value, start, place)

    def varints(self, field: Field) -> list[int]:
        """The numbers of a field that holds one or, packed, several. Raises TornError."""
        if field.wire == VARINT:
            return [field.value]
        if field.wire != LENGTH:
            raise TornError(f"the field at byte {field.start} holds no whole numbers")
        found, place = [], field.start
        while place < field.end:
            value, place = self.varint(place, field.end)
            found.append(value)
        return found

    def repeated(self, field: Field, end: int) -> int:
        """How many fields of the same number and of four or eight bytes stand in a row from this one on."""
        step, tag, count = field.end - field.start + 1, field.number << 3 | field.wire, 0
        if self._byte(field.start - 1) != tag:  # its tag is written in more bytes than it takes
            return 1
        while True:
            begin = field.start - 1 + count * step
            window = self._read(begin, min(_RUN // step * step, (end - begin) // step * step))
            others = np.flatnonzero(np.frombuffer(window, np.uint8)[::step] != tag)
            count += int(others[0]) if len(others) else len(window) // step
            if len(others) or len(window) < step:
                return count

    def varint(self, place: int, end: int) -> tuple[int, int]:
        """The number whose bytes begin at a place, and the place behind it. Raises TornError."""
        number = shift = 0
        while True:
            if place >= end or shift > 63:
                raise TornError(f"the number at byte {place} has no end")
            byte = self._byte(place)
            place += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number, place
            shift += 7

    def _byte(self, place: int) -> int:
        if not 0 <= place - self._start < len(self._window):
            self._start, self._window = place, self._read(place, _WINDOW)
        return self._window[place - self._start]

    def _read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        found = self._file.read(count)
        if not found and count:
            raise TornError(f"it has no byte {start}")
        return found
