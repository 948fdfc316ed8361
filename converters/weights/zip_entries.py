"""The entries of a zip archive, for readers that take the bytes of stored ones where they lie in the file.

What Python's zipfile raises becomes one of our sentences here. Beyond what it checks, the entries may not be encrypted,
may not overlap, and must lie inside of the file with the sizes that the table of contents says.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, became_shorter, cannot_read
from caffe_ir.error_kinds.weights import BEYOND_LIMITS, CUT_SHORT, FORM_NOT_READ
from caffe_ir.errors import ConversionError
from caffe_ir.file_kinds import ZIP_SIGNATURE
from converters.weights.unreadable import AGAIN, Unreadable

MOST_CONTENTS = 1 << 24
"""Bytes of the table of contents that are read: more than 100,000 entries."""
MOST_UNPACKED = 1 << 29
"""Bytes that a compressed array may become; an uncompressed one may have any length."""
MOST_OBJECTS = 1 << 26
"""Bytes that a compressed pickle may become."""

_LOCAL_HEADER = 30
_LONGEST_END = 22 + 0xFFFF + 56 + 20
"""Bytes of the last record with the longest comment, and of the two that large archives have before it."""
_ENCRYPTED = 1
_PLAINLY = "save it uncompressed"
_READ_AT_ONCE = 1 << 20


class Entry(Struct, frozen=True, kw_only=True):
    """An entry; `offset` is where its bytes begin in the file, which are its content where it is `stored`."""

    name: str
    offset: int
    size: int
    stored: bool
    checksum: int


class Archive(Struct, frozen=True, kw_only=True):
    """An archive that is open."""

    path: Path
    file: BinaryIO
    entries: dict[str, Entry]
    zipped: zipfile.ZipFile

    def stream(self, entry: Entry) -> tuple[BinaryIO, int, Path | None]:
        """The content as a file, where it ends there, and the path if its places are the path's.

        Raises Unreadable where a compressed one is too large, or the bytes are not those that were written.
        """
        if not entry.stored:
            content = self.content(entry, MOST_OBJECTS)
            return io.BytesIO(content), len(content), None
        self.file.seek(entry.offset)
        checksum, left = 0, entry.size
        while left and (piece := self.file.read(min(left, _READ_AT_ONCE))):
            checksum, left = zlib.crc32(piece, checksum), left - len(piece)
        _check(entry, checksum)
        self.file.seek(entry.offset)
        return self.file, entry.offset + entry.size, self.path

    def entry(self, name: str) -> Entry:
        """The entry of a name. Raises Unreadable where there is none."""
        if name not in self.entries:
            raise Unreadable(f"has no entry {name}")
        return self.entries[name]

    @contextmanager
    def reading(self, entry: Entry) -> Iterator[IO[bytes]]:
        """The content as it is unpacked, to be read from its beginning on. Raises Unreadable."""
        with _sound(), self.zipped.open(entry.name) as member:
            yield member

    def content(self, entry: Entry, most: int) -> bytes:
        """The whole of an entry. Raises Unreadable where it is longer than `most` bytes or damaged."""
        if entry.size > most:
            raise Unreadable(
                f"has the entry {entry.name} of {entry.size:,} bytes",
                f"at most {most:,} are unpacked",
                "save it again",
                kind=BEYOND_LIMITS,
            )
        if entry.stored:
            self.file.seek(entry.offset)
            found = self.file.read(entry.size)
        else:
            with self.reading(entry) as member:
                found = member.read(entry.size)
        _check(entry, zlib.crc32(found))
        return found


@contextmanager
def archive(path: Path, file: BinaryIO) -> Iterator[Archive]:
    """The archive in a file. Raises Unreadable where it is none, or no sound one."""
    size = file.seek(0, 2)
    with _sound():
        contents = _length_of_contents(file, size)
        if contents is None:
            raise Unreadable("is damaged or cut short", "its table of contents, at the end, is missing", kind=CUT_SHORT)
        if contents > MOST_CONTENTS:
            raise Unreadable(
                f"has a table of contents of {contents:,} bytes",
                f"at most {MOST_CONTENTS:,} are read",
                kind=BEYOND_LIMITS,
            )
        zipped = zipfile.ZipFile(file)
    with zipped:
        with _sound():
            entries = _entries(file, size, zipped)
        yield Archive(path=path, file=file, entries=entries, zipped=zipped)


def unpacked(path: Path, name: str, skip: int, length: int) -> Array:
    """`length` bytes of a compressed entry, behind its first `skip`. Raises ConversionError where they are missing."""
    numbers = np.empty(length, np.uint8)
    try:
        with open(path, "rb") as file, archive(path, file) as found, found.reading(found.entry(name)) as member:
            member.read(skip)
            filled = _fill(member, numbers.data)
            more = member.read(1)
    except Unreadable as error:
        raise ConversionError(error.of(path)) from None
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    if filled < length or more:
        raise ConversionError(became_shorter(path))
    return numbers


def _check(entry: Entry, checksum: int) -> None:
    """Raise Unreadable where the bytes have another checksum; torch can be set to compute none, and writes 0."""
    if entry.checksum not in (0, checksum):
        raise Unreadable(f"has a damaged entry {entry.name}: its checksum is another")


def _fill(member: IO[bytes], into: memoryview[int]) -> int:
    filled = 0
    while piece := member.read(min(_READ_AT_ONCE, len(into) - filled)):
        into[filled : filled + len(piece)] = piece
        filled += len(piece)
    return filled


def _length_of_contents(file: BinaryIO, size: int) -> int | None:
    """What the record at the end says, or that of large archives before it; None where there is none."""
    file.seek(max(0, size - _LONGEST_END))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0:
        return None
    length = int.from_bytes(tail[place + 12 : place + 16], "little")
    if length == 0xFFFFFFFF and (large := tail.rfind(b"PK\x06\x06", 0, place)) >= 0:
        length = int.from_bytes(tail[large + 40 : large + 48], "little")
    return length


def _entries(file: BinaryIO, size: int, zipped: zipfile.ZipFile) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    places: list[tuple[int, int, str]] = []
    for info in zipped.infolist():
        if info.filename in found:
            raise Unreadable(f"has two entries {info.filename}")
        if info.flag_bits & _ENCRYPTED:
            raise Unreadable(f"has the encrypted entry {info.filename}", hint="decrypt it first", kind=FORM_NOT_READ)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable(
                f"has the entry {info.filename}, compressed in the way {info.compress_type}",
                hint=_PLAINLY,
                kind=FORM_NOT_READ,
            )
        stored = info.compress_type == zipfile.ZIP_STORED
        if stored and info.file_size != info.compress_size:
            sizes = f"{info.file_size:,} bytes in {info.compress_size:,}"
            raise Unreadable(f"has the entry {info.filename} of {sizes}, and not compressed")
        offset = _offset(file, size, info)
        places.append((info.header_offset, offset + info.compress_size, info.filename))
        found[info.filename] = Entry(
            name=info.filename, offset=offset, size=info.file_size, stored=stored, checksum=info.CRC
        )
    places.sort()
    for (_, end, name), (begin, _, _) in zip(places, [*places[1:], (size, 0, "")], strict=True):
        if end > begin:
            what = "the file ends" if begin == size else "another one begins"
            raise Unreadable(f"has the entry {name} up to byte {end:,}, and {what} at byte {begin:,}")
    return found


def _offset(file: BinaryIO, size: int, info: zipfile.ZipInfo) -> int:
    """Where the bytes of an entry begin: behind its local header, whose lengths are its own."""
    if not 0 <= info.header_offset <= size:
        raise Unreadable(f"has the entry {info.filename} at byte {info.header_offset:,}, outside of it")
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or header[:4] != ZIP_SIGNATURE:
        raise Unreadable(
            f"has no entry {info.filename} where its table of contents says, at byte {info.header_offset:,}"
        )
    start = info.header_offset + _LOCAL_HEADER
    return start + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


@contextmanager
def _sound() -> Iterator[None]:
    """Turn what zipfile raises on archives that are not sound into Unreadable."""
    try:
        yield
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unreadable("is a damaged archive", str(error) or type(error).__name__, AGAIN) from None
    except (ValueError, OverflowError, struct.error, UnicodeDecodeError, IndexError) as error:
        raise Unreadable("is a damaged archive", str(error), AGAIN) from None
