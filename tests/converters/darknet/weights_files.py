"""Weights files made of bytes, for the tests of what reads them."""

from __future__ import annotations

import struct
from pathlib import Path

from caffe_ir.errors import Origin
from converters.darknet.weights import WeightsFile


def origin(index: int = 0) -> Origin:
    """The place of a section in a cfg."""
    return Origin(layer=f"conv_{index}", what="[convolutional]", file="my.cfg", line=7 + index)


def header(version: tuple[int, int, int] = (0, 2, 0), seen: int = 64, seen_format: str = "<Q") -> bytes:
    """The bytes before the first array."""
    return struct.pack("<3i", *version) + struct.pack(seen_format, seen)


def weights_file(folder: Path, data: bytes, dialect: str = "darknet", header_bytes: int | None = None) -> WeightsFile:
    """The bytes as the file my.weights, opened."""
    path = folder / "my.weights"
    path.write_bytes(data)
    return WeightsFile.open(path, "alexeyab" if dialect == "alexeyab" else "darknet", header_bytes)
