"""What a picture's own header says of it, so that nothing is unpacked that is larger than a picture.

PNG (w3.org/TR/png-3), JPEG (ITU-T T.81, annex B), BMP (BITMAPCOREHEADER and its successors), WebP (RFC 9649).
"""

from __future__ import annotations

import struct

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

_PNG = b"\x89PNG\r\n\x1a\n"
_WITH_ALPHA = (4, 6)
"""PNG's colour types."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG that a frame begins with, SOF0 to SOF15; between them stand DHT, JPG and DAC."""
_ALONE = frozenset({0x01, 0xFF, *range(0xD0, 0xD8)})
"""Markers without a length, and bytes that only fill."""


_BEGINNINGS = {
    (0, _PNG): "PNG",
    (0, b"\xff\xd8"): "JPEG",
    (0, b"BM"): "BMP",
    (8, b"WEBP"): "WebP",
    (0, b"GIF8"): "GIF",
    (0, b"II*\0"): "TIFF",
    (0, b"MM\0*"): "TIFF",
    (4, b"ftypavif"): "AVIF",
    (4, b"ftypheic"): "HEIC",
    (4, b"ftypmif1"): "HEIF",
}
"""What stands where in files of pictures."""
READ = ("JPEG", "PNG", "BMP", "WebP")
"""The kinds whose size is found here."""


class PictureSize(Struct, frozen=True, kw_only=True):
    """Columns and rows, how many times the decoder goes through all of them, and what a channel of a pixel has."""

    width: int
    height: int
    scans: int = 1
    bits: int = 8
    """Of a channel."""
    transparent: bool = False
    """Whether there is a channel, or a colour, of transparency."""
    animated: bool = False
    """Whether other pictures follow, of which none is decoded."""


def kind_of(data: bytes) -> str:
    """The kind of picture that a file begins as, whether its size is found or not; nothing for what begins as none."""
    return next((kind for (place, begin), kind in _BEGINNINGS.items() if data.startswith(begin, place)), "")


def size_of(data: bytes) -> PictureSize | None:
    """The size that a picture claims; None for what is not a whole picture of the four kinds."""
    try:
        if data.startswith(_PNG):
            return _of_png(data)
        if data.startswith(b"\xff\xd8"):
            return _of_jpeg(data)
        if data.startswith(b"BM"):
            return _of_bmp(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _of_webp(data)
    except (struct.error, IndexError):
        pass
    return None


def _of_png(data: bytes) -> PictureSize | None:
    place, found, ended = len(_PNG), None, False
    while place < len(data) and not ended:
        length, kind = struct.unpack_from(">I4s", data, place)
        if place + 12 + length > len(data):  # a decoder would make room for a chunk that is not there
            return None
        if found is None:
            if kind != b"IHDR":
                return None
            width, height, bits, colours = struct.unpack_from(">IIBB", data, place + 8)
            found = PictureSize(width=width, height=height, bits=bits, transparent=colours in _WITH_ALPHA)
        elif kind == b"tRNS":
            found = replace(found, transparent=True)
        elif kind == b"acTL":
            found = replace(found, animated=struct.unpack_from(">I", data, place + 8)[0] > 1)
        place, ended = place + 12 + length, kind == b"IEND"
    return found if ended else None


def _of_jpeg(data: bytes) -> PictureSize | None:
    place = 2
    while True:
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker in _ALONE:
            place += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            bits, height, width = struct.unpack_from(">BHH", data, place + 4)
            return PictureSize(width=width, height=height, scans=_scans(data), bits=bits)
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]


def _scans(data: bytes) -> int:
    """How often a scan's marker stands in the data; bytes.count takes six times as long."""
    each = np.frombuffer(data, np.uint8)
    return int(np.count_nonzero((each[:-1] == 0xFF) & (each[1:] == 0xDA)))


def _of_bmp(data: bytes) -> PictureSize:
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    return PictureSize(width=abs(width), height=abs(height))  # a negative height: from the top down


def _of_webp(data: bytes) -> PictureSize | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return PictureSize(width=width & 0x3FFF, height=height & 0x3FFF)
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        transparent = bool(bits >> 28 & 1)
        return PictureSize(width=(bits & 0x3FFF) + 1, height=(bits >> 14 & 0x3FFF) + 1, transparent=transparent)
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[place : place + 3], "little") + 1 for place in (24, 27))
        return PictureSize(
            width=width, height=height, transparent=bool(data[20] & 0x10), animated=bool(data[20] & 0x02)
        )
    return None
