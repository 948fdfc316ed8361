"""Darknet's .weights: a header of either Darknet, and arrays behind it that are too few, too many or just enough."""

from __future__ import annotations

import struct
from contextlib import suppress
from itertools import product
from pathlib import Path
from random import Random

from caffe_ir.errors import ConversionError, Origin
from converters.darknet.finite import non_finite
from converters.darknet.fit import Asked, finish, other_header
from converters.darknet.header import Dialect
from converters.darknet.weights import WeightsFile
from tests.fuzz.format import Files, Format
from tests.fuzz.mutation import maybe_damaged, number

VERSIONS = ((0, 1, 0), (0, 2, 0), (0, 2, 5), (0, 3, 0), (1001, 0, 0), (0, 1000, 0))
SHAPES = {"biases": (4,), "scales": (4,), "means": (4,), "variances": (4,), "weights": (4, 3, 3, 3)}
DIALECTS: tuple[Dialect, ...] = ("darknet", "alexeyab")
WAYS = tuple(product(DIALECTS, (None, 0, 12)))
"""How a file is read: as whose, with how many bytes of header."""
ARRAYS = 4 * (4 * 4 + 108)


def make(rng: Random) -> Files:
    version = rng.choice(VERSIONS) if rng.random() < 0.8 else tuple(number(rng) for _ in range(3))
    head = b"".join(struct.pack("<I", each & 0xFFFFFFFF) for each in version)
    head += rng.randbytes(rng.choice((4, 8, 8)))
    count = rng.choice((ARRAYS, ARRAYS // 2, ARRAYS * 2)) + rng.choice((0, 0, 4, -4, 8, 1, -1, -16, 400))
    return {"x.weights": maybe_damaged(head + rng.randbytes(count), rng, 0.3), "way": bytes([rng.randrange(len(WAYS))])}


def read(folder: Path) -> None:
    dialect, header_bytes = WAYS[(folder / "way").read_bytes()[0]]
    file = WeightsFile.open(folder / "x.weights", dialect, header_bytes)
    blobs = [file.read(shape, origin=Origin(layer="conv_0"), what=what) for what, shape in SHAPES.items()]
    asked = Asked(ends=(ARRAYS,), last=0)
    other_header(file, asked)
    finish(file, asked, allow_trailing=False, classes="")
    non_finite(file)
    with suppress(ConversionError):  # what `finish` says is too short
        for blob in blobs:
            blob.load()


FORMATS = (Format(name="weights", make=make, read=read),)
