"""Darknet's .weights: a header of either Darknet, and arrays behind it that are too few, too many or just enough."""

from __future__ import annotations

import struct
from pathlib import Path
from random import Random

from caffe_ir.errors import ConversionError, Origin
from converters.darknet.weights import WeightsFile
from tests.fuzz.format import Files, Format
from tests.fuzz.mutation import maybe_damaged, number

VERSIONS = ((0, 1, 0), (0, 2, 0), (0, 2, 5), (0, 3, 0), (1001, 0, 0), (0, 1000, 0))
SHAPES = ((4, 3, 3, 3), (4,), (4,), (4,), (8, 4, 1, 1))


def make(rng: Random) -> Files:
    version = rng.choice(VERSIONS) if rng.random() < 0.8 else tuple(number(rng) for _ in range(3))
    head = b"".join(struct.pack("<I", each & 0xFFFFFFFF) for each in version)
    head += rng.randbytes(rng.choice((4, 8, 8)))
    count = 4 * (108 + 12 + 32) + rng.choice((0, 0, 4, -4, 1, -1, 400))
    return {"x.weights": maybe_damaged(head + rng.randbytes(count), rng, 0.3)}


def read(folder: Path) -> None:
    path, origin = folder / "x.weights", Origin(layer="conv_0")
    for dialect in ("darknet", "alexeyab"):
        file = WeightsFile.open(path, dialect)
        blobs = [file.read(shape, origin=origin, what="array") for shape in SHAPES]
        file.finish(allow_trailing=True)
        file.non_finite()
        try:
            for blob in blobs:
                blob.load()
        except ConversionError:  # what `finish` says is too short
            continue


FORMATS = (Format(name="weights", make=make, read=read),)
