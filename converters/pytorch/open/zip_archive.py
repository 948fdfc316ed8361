"""Zip archives that every program reads alike: what is inspected here is what torch opens behind it.

A zip names its entries twice, in headers before their bytes and in a directory at the end, and readers differ in what
they believe: two entries of one name, names that differ in case alone (torch's reader knows no case), a second
directory in a comment, sizes and names that disagree. An archive with any of these is refused. The layout is that of
PKWARE's APPNOTE.TXT, section 4.3, as torch's and Python's writers fill it: entries from byte 0 on, one behind the
other, then the directory, then its end records, and nothing else.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO

from msgspec import Struct

from caffe_ir.file_kinds import ZIP_SIGNATURE

LARGEST_UNPACKED = 1 << 28
"""Bytes that the compressed entries may become, together."""
MOST_ENTRIES = 100_000
_NAME = re.compile(r"[\x20-\x5b\x5d-\x7e]+")
"""ASCII that can be printed, without the backslash, which is a separator for some."""
_LOCAL = struct.Struct("<4s5H3I2H")
_END, _END_64, _LOCATOR_64 = struct.Struct("<4s4H2IH"), struct.Struct("<4sQ2H2I4Q"), struct.Struct("<4sIQI")
_SATURATED = 0xFFFFFFFF
_ENCRYPTED, _SIZES_FOLLOW = 1, 8
"""Bits of an entry's flags; the second says that checksum and sizes stand behind the bytes."""
_ZIP64 = 1
"""The one extra field of a directory entry that may be there: sizes beyond 32 bits."""


class Ambiguous(Exception):
    """An archive that programs may read differently; the message goes on from `it`."""


class Damaged(Exception):
    """An entry whose bytes are not those that were written; the message goes on from `it`."""


class ZipArchive(Struct, frozen=True, kw_only=True):
    """An archive that is open: its entries by name, in the order of their bytes."""

    file: BinaryIO
    entries: Mapping[str, zipfile.ZipInfo]
    begins: Mapping[str, int]
    """Where the bytes of each entry begin."""

    def size(self, name: str) -> int | None:
        """The bytes of an entry's content; None where there is no such entry."""
        return self.entries[name].file_size if name in self.entries else None

    def read(self, name: str) -> bytes:
        """The content of an entry. Raises Damaged."""
        entry = self.entries[name]
        self.file.seek(self.begins[name])
        if entry.compress_type == zipfile.ZIP_STORED:
            content = self.file.read(entry.file_size)
        else:
            content = _inflated(name, self.file.read(entry.compress_size), entry.file_size)
        if len(content) != entry.file_size or entry.CRC not in (0, zlib.crc32(content)):  # torch may write no checksum
            raise Damaged(f"has the entry {name} with other bytes than were written")
        return content


def zip_archive(file: BinaryIO) -> ZipArchive:
    """The archive in an open file. Raises Ambiguous, and OSError where it cannot be read."""
    directory = _directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OverflowError) as error:
        raise Ambiguous(f"is not a sound archive: {error}") from None
    if len(infos) > MOST_ENTRIES:
        raise Ambiguous(f"has {len(infos):,} entries")
    _refuse_names(infos)
    unpacked = sum(info.file_size for info in infos if info.compress_type != zipfile.ZIP_STORED)
    if unpacked > LARGEST_UNPACKED:
        raise Ambiguous(f"has compressed entries that become {unpacked:,} bytes")
    begins, end = {}, 0
    for info in sorted(infos, key=lambda entry: entry.header_offset):
        if info.header_offset != end:
            raise Ambiguous(f"has bytes of no entry, or of two, before its entry {info.filename}")
        begins[info.filename], end = _placed(file, info)
    if end != directory:
        raise Ambiguous("has bytes of no entry before its directory")
    return ZipArchive(file=file, entries={info.filename: info for info in infos}, begins=begins)


def _directory(file: BinaryIO) -> int:
    """Where the directory begins, by end records that leave no choice. Raises Ambiguous."""
    size = file.seek(0, 2)
    length = _LOCATOR_64.size + _END_64.size + _END.size
    file.seek(max(0, size - length))
    tail = file.read().rjust(length, b"\0")
    signature, disk, first, here, entries, extent, begin, comment = _END.unpack(tail[-_END.size :])
    if signature != b"PK\x05\x06" or comment or disk or first or here != entries:
        raise Ambiguous("does not end with the directory of its entries")
    records = _END.size
    if tail[_END_64.size :].startswith(b"PK\x06\x07"):
        _, disk, place, disks = _LOCATOR_64.unpack_from(tail, _END_64.size)
        end = _END_64.unpack_from(tail)
        short = zip((here, entries, extent, begin), (0xFFFF, 0xFFFF, _SATURATED, _SATURATED), end[6:], strict=True)
        differs = any(value not in (full, long) for value, full, long in short)
        if end[0] != b"PK\x06\x06" or place != size - length or (disk, disks) != (0, 1) or end[1] != 44 or differs:
            raise Ambiguous("has two directories that disagree")
        records, extent, begin = length, end[8], end[9]
    if begin + extent + records != size:
        raise Ambiguous("has bytes of no entry")
    return int(begin)


def _refuse_names(infos: list[zipfile.ZipInfo]) -> None:
    known: dict[str, str] = {}
    for info in infos:
        name = info.orig_filename
        if not _NAME.fullmatch(name) or name != info.filename or any(part in ("", "..") for part in name.split("/")):
            raise Ambiguous(f"has an entry of the name {name!r}")
        if (other := known.setdefault(name.lower(), name)) != name or other is not name:
            raise Ambiguous(f"has the entry {name} twice" if other == name else f"has the entries {other} and {name}")
        fields = _extra_fields(info.extra)
        if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Ambiguous(f"has the entry {name}, which is encrypted or packed in an uncommon way")
        if info.volume or fields not in ([], [_ZIP64]):
            raise Ambiguous(f"has the entry {name} with fields that are not read alike")
        if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
            raise Ambiguous(f"has the entry {name} of two sizes")


def _extra_fields(extra: bytes) -> list[int]:
    found = []
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        found.append(kind)
        extra = extra[4 + length :]
    return [*found, -1] if extra else found


def _placed(file: BinaryIO, info: zipfile.ZipInfo) -> tuple[int, int]:
    """Where the bytes of an entry begin, and where the next header must stand. Raises Ambiguous."""
    file.seek(info.header_offset)
    raw = file.read(_LOCAL.size)
    if len(raw) < _LOCAL.size:
        raise Ambiguous(f"has no entry {info.filename} where its directory says")
    signature, _, flags, method, _, _, checksum, packed, size, length, extra = _LOCAL.unpack(raw)
    name = file.read(length)
    follow = bool(flags & _SIZES_FOLLOW)
    own = ((checksum, info.CRC), (packed, info.compress_size), (size, info.file_size))
    agree = all(here in (there, _SATURATED) or (follow and here == 0) for here, there in own)
    if signature != ZIP_SIGNATURE or name != info.filename.encode() or method != info.compress_type or not agree:
        raise Ambiguous(f"has the entry {info.filename}, whose header says something else than the directory")
    begin = info.header_offset + _LOCAL.size + length + extra
    end = begin + info.compress_size
    return begin, end + (_sizes_behind(file, info, end) if follow else 0)


def _sizes_behind(file: BinaryIO, info: zipfile.ZipInfo, end: int) -> int:
    """The length of the record with checksum and sizes behind an entry's bytes. Raises Ambiguous."""
    file.seek(end)
    raw = file.read(24)
    for form in ("<4sI2I", "<4sI2Q"):
        length = struct.calcsize(form)
        if raw[:length] == struct.pack(form, b"PK\x07\x08", info.CRC, *_fitting(form, info)):
            return length
    raise Ambiguous(f"has the entry {info.filename}, whose sizes behind it are not those of the directory")


def _fitting(form: str, info: zipfile.ZipInfo) -> tuple[int, int]:
    mask = _SATURATED if form.endswith("I") else (1 << 64) - 1
    return info.compress_size & mask, info.file_size & mask


def _inflated(name: str, packed: bytes, size: int) -> bytes:
    try:
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflating.decompress(packed, size + 1)
    except zlib.error as error:
        raise Damaged(f"has the entry {name}, which cannot be unpacked: {error}") from None
    if not inflating.eof:
        raise Damaged(f"has the entry {name}, which is cut short")
    return content
