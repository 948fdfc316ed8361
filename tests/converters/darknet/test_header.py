"""Headers as AlexeyAB's load_weights_upto reads them, from a table; as real Darknet does: test_weights.py."""

from __future__ import annotations

import struct

import pytest

from caffe_ir.errors import Origin
from converters.darknet.header import NO_HEADER, SIZES, header_notes, parse_header
from tests.converters.darknet.weights_files import header

RATE = struct.unpack("<i", struct.pack("<f", 0.0005))[0]
MOMENTUM = struct.unpack("<i", struct.pack("<f", 0.9))[0]
DECAY = struct.unpack("<i", struct.pack("<f", 0.0005))[0]


@pytest.mark.parametrize(
    ("version", "size", "transposed"),
    [
        ((0, 1, 0), 16, False),
        ((0, 2, 0), 20, False),
        ((0, 2, 5), 20, False),
        ((0, 1000, 0), 20, False),
        ((0, 1001, 0), 20, True),
        ((1001, 0, 0), 20, True),
        ((RATE, MOMENTUM, DECAY), 16, True),  # 973279855 * 10 + 1063675494 is negative in 32 bits
    ],
)
def test_headers_as_alexeyab_reads_them(version, size, transposed):
    parsed = parse_header(struct.pack("<3i", *version) + struct.pack("<Q", 5), "alexeyab")
    assert parsed is not None
    assert (parsed.size, parsed.transposed, parsed.seen) == (size, transposed, 5)


@pytest.mark.parametrize("size", SIZES)
def test_a_length_that_the_user_says(size):
    parsed = parse_header(header((0, 1, 0), 5), "darknet", size)
    assert parsed is not None
    assert (parsed.size, parsed.usual_size, parsed.seen) == (size, 16, 5 if size > 12 else 0)
    assert parse_header(bytes(11), "darknet", size or 12) is None


def test_an_unknown_version_is_told_and_known_ones_are_not():
    def notes(version):
        parsed = parse_header(header(version), "darknet")
        assert parsed is not None
        return [note.text for note in header_notes(parsed, Origin(layer="", file="a"))]

    assert notes((0, 2, 5)) == notes((0, 1, 0)) == header_notes(NO_HEADER, Origin(layer="")) == []
    assert "version 3.1.4" in notes((3, 1, 4))[0]
    assert "stored transposed" in notes((1001, 0, 0))[0]
