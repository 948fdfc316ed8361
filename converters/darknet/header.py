"""The first bytes of a .weights file: three int32 of a version, then how many images were seen (parser.c)."""

from __future__ import annotations

import ctypes
import struct
from typing import Literal

import numpy as np
from msgspec import Struct

from caffe_ir.errors import Note, Origin

Dialect = Literal["darknet", "alexeyab"]
Version = tuple[int, int, int]

# What the writers put there: the first Darknet files, pjreddie's, AlexeyAB's.
KNOWN_VERSIONS: tuple[Version, ...] = ((0, 1, 0), (0, 2, 0), (0, 2, 5))
VERSION_BYTES = 12
SIZES = (0, 12, 16, 20)
"""How long headers are: none at all, a version alone, with 32 bits of `seen`, with 64."""


class Header(Struct, frozen=True, kw_only=True):
    """`transposed`: the matrices of connected layers are stored [inputs][outputs].

    `size` is how many bytes are before the first array, `usual_size` how many Darknet passes over for such a version.
    A file without a header has no version.
    """

    version: Version | None
    seen: int
    transposed: bool
    size: int
    usual_size: int

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version or ()))


NO_HEADER = Header(version=None, seen=0, transposed=False, size=0, usual_size=VERSION_BYTES + 4)


def parse_header(data: bytes, dialect: Dialect, size: int | None = None) -> Header | None:
    """The header, or None if `data` is too short for one; `size` is its length where the version does not say it.

    `seen` has 64 bits from version 0.2 on; pjreddie keeps 32 where major or minor is 1000 or more, AlexeyAB does not.
    The oldest files hold other things there, so that the sum runs over: it is taken as the processor takes it.
    """
    if size == 0:
        return NO_HEADER
    if len(data) < VERSION_BYTES:
        return None
    major, minor, revision = struct.unpack_from("<3i", data)
    wide = ctypes.c_int32(major * 10 + minor).value >= 2 and (dialect == "alexeyab" or max(major, minor) < 1000)
    usual = VERSION_BYTES + (8 if wide else 4)
    size = usual if size is None else size
    if len(data) < size:
        return None
    seen = 0 if size == VERSION_BYTES else struct.unpack_from("<Q" if size == 20 else "<i", data, VERSION_BYTES)[0]
    return Header(
        version=(major, minor, revision),
        seen=seen,
        transposed=major > 1000 or minor > 1000,
        size=size,
        usual_size=usual,
    )


def plausible(data: bytes) -> bool:
    """Three version numbers; or, in the oldest (transposed) files, learning rate, momentum and decay as floats."""
    if all(0 <= number < 10000 for number in np.frombuffer(data, "<i4", 3).tolist()):
        return True
    rate, momentum, decay = np.frombuffer(data, "<f4", 3).tolist()
    return bool(1e-9 <= rate <= 10 and (momentum == 0 or 0.1 <= momentum <= 1) and (decay == 0 or 1e-9 <= decay <= 1))


def header_notes(header: Header, origin: Origin) -> list[Note]:
    """What is worth knowing of a header."""
    if header.version is None:
        return []
    if header.transposed:
        text = "the weights' header is of a very old Darknet: matrices of connected layers are stored transposed"
        return [Note(kind="assumed", text=text, origin=origin)]
    if header.version not in KNOWN_VERSIONS:
        text = f"the weights' header says version {header.version_text}, which is not one of Darknet's own"
        return [Note(kind="warning", text=text, origin=origin)]
    return []
