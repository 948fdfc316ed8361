"""Bytes that a file holds: where they lie, and themselves where they are few."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Array, numbers_of_file
from caffe_ir.error_kinds.weights import DAMAGED
from caffe_ir.errors import ConversionError, Problem

_CHUNK = 1 << 20


class Octets(Struct, frozen=True, kw_only=True, eq=False):
    """`length` bytes: `data`, or what `load` gives, or those of the file at `path` from byte `offset` on.

    Where `utf8` is not 0, so many bytes of UTF-8 lie there, and the bytes that latin1 makes of their text are meant.
    """

    length: int
    path: Path | None = None
    offset: int = 0
    data: bytes | None = None
    load: Callable[[], Array] | None = None
    utf8: int = 0

    def as_text(self) -> Octets:
        """The same bytes as the UTF-8 of a text, which has a byte for each of its characters."""
        count = sum(int(np.count_nonzero((np.frombuffer(piece, np.uint8) & 0xC0) != 0x80)) for piece in self._pieces())
        return replace(self, length=count, utf8=self.length)

    @property
    def lie_in_the_file(self) -> bool:
        """Whether the file's bytes are what is meant."""
        return self.path is not None and not self.utf8

    def read(self) -> bytes:
        """The bytes that are meant. Raises ConversionError where they are not there."""
        pieces = self._pieces()
        return b"".join(_encoded(pieces)) if self.utf8 else b"".join(pieces)

    def numbers(self, kind: np.dtype[Any], count: int, offset: int) -> Array:
        """`count` numbers from their byte `offset` on. Raises ConversionError where they are not there."""
        if self.lie_in_the_file and self.data is None:
            assert self.path is not None
            return numbers_of_file(self.path, kind, count, self.offset + offset)
        data = self.read() if self.load is None else self.load()
        if len(data) < offset + count * kind.itemsize:
            raise ConversionError(Problem(kind=DAMAGED, what=f"{len(data):,} bytes are too few for {count:,} numbers"))
        return np.frombuffer(data, kind, count, offset)

    def _pieces(self) -> Iterator[bytes]:
        if self.data is not None:
            yield self.data
            return
        assert self.path is not None
        length = self.utf8 or self.length
        for begin in range(0, length, _CHUNK):
            count = min(_CHUNK, length - begin)
            yield numbers_of_file(self.path, np.uint8, count, self.offset + begin).tobytes()


def _encoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Python 3 writes bytes so in protocol 2: as the text whose characters have their numbers."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode("latin1")
    except UnicodeError as error:
        raise ConversionError(
            Problem(kind=DAMAGED, what="bytes that are written as text are damaged", why=str(error))
        ) from None
