from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given
from hypothesis import strategies as st

from caffe_ir.files import wire
from caffe_ir.files.wire import EIGHT_BYTES, FOUR_BYTES, LENGTH, VARINT, Field, TornError, WireFile


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def tagged(number: int, wire_type: int, contents: bytes) -> bytes:
    return varint(number << 3 | wire_type) + contents


NUMBERS = st.integers(1, (1 << 29) - 1)
FIELDS = st.one_of(
    st.builds(lambda number, value: tagged(number, VARINT, varint(value)), NUMBERS, st.integers(0, (1 << 64) - 1)),
    st.builds(lambda number, value: tagged(number, EIGHT_BYTES, value), NUMBERS, st.binary(min_size=8, max_size=8)),
    st.builds(lambda number, value: tagged(number, FOUR_BYTES, value), NUMBERS, st.binary(min_size=4, max_size=4)),
    st.builds(
        lambda number, value: tagged(number, LENGTH, varint(len(value)) + value), NUMBERS, st.binary(max_size=200)
    ),
)


@contextmanager
def opened(path: Path, data: bytes) -> Iterator[WireFile]:
    path.write_bytes(data)
    with open(path, "rb", buffering=0) as file:
        yield WireFile(file)


@given(st.lists(FIELDS))
def test_fields_are_those_that_protobuf_finds(tmp_path_factory: pytest.TempPathFactory, fields: list[bytes]) -> None:
    data = b"".join(fields)
    reads: dict[int, Callable[[Field], object]] = {
        VARINT: lambda field: field.value,
        EIGHT_BYTES: lambda field: struct.unpack("<Q", data[field.start : field.end])[0],
        FOUR_BYTES: lambda field: struct.unpack("<I", data[field.start : field.end])[0],
        LENGTH: lambda field: data[field.start : field.end],
    }
    with opened(tmp_path_factory.mktemp("wire") / "m", data) as file:
        found = [(field.number, field.wire, reads[field.wire](field)) for field in file.fields(0, file.length)]
    message = Empty()
    message.ParseFromString(data)
    theirs = UnknownFieldSet(message)
    assert found == [(one.field_number, one.wire_type, one.data) for one in map(theirs.__getitem__, range(len(theirs)))]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x0a\x05abc", "runs over its end"),
        (b"\x0d\x00\x00", "runs over its end"),
        (b"\x09\x00", "runs over its end"),
        (b"\x02\x00", "runs over its end"),
        (b"\x0b\x0c", "wire type 3"),
        (b"\x80", "has no end"),
        (b"\x08" + b"\xff" * 11, "has no end"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "runs over its end"),
    ],
)
def test_what_is_no_message_is_torn(tmp_path: Path, data: bytes, told: str) -> None:
    with opened(tmp_path / "m", data) as file, pytest.raises(TornError, match=told):
        list(file.fields(0, file.length))


def test_varints_and_texts(tmp_path: Path) -> None:
    text = tagged(2, LENGTH, varint(len("é".encode())) + "é".encode())
    data = (
        text
        + tagged(1, VARINT, b"\x05")
        + tagged(1, LENGTH, b"\x03\x01\xac\x02")
        + tagged(1, FOUR_BYTES, b"\xff\xfeab")
    )
    with opened(tmp_path / "m", data) as file:
        text_field, one, packed, four = file.fields(0, file.length)
        assert file.text(text_field) == "é"
        assert (file.varints(one), file.varints(packed)) == ([5], [1, 300])
        with pytest.raises(TornError, match="no whole numbers"):
            file.varints(four)
        with pytest.raises(TornError, match="not UTF-8"):
            file.text(four)


@pytest.mark.parametrize("count", [1, 2, 1000, 500_000])
@pytest.mark.parametrize("behind", [b"", b"\x10\x01", b"\x2d\x00"])
def test_repeated_fields_are_counted_together(tmp_path: Path, count: int, behind: bytes) -> None:
    data = b"\x08\x01" + tagged(5, FOUR_BYTES, b"\x2d" * 4) * count + behind
    with opened(tmp_path / "m", data) as file:
        assert file.repeated(file.field(2, file.length), file.length) == count


def test_a_tag_of_more_bytes_than_it_takes_stands_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "m", b"\xad\x00abcd\x00efgh") as file:
        assert file.repeated(file.field(0, file.length), file.length) == 1


def test_a_file_of_fields_alone_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_FIELDS", 100)
    with opened(tmp_path / "m", b"\x08\x01" * 101) as file, pytest.raises(TornError, match="more than 100 fields"):
        list(file.fields(0, file.length))
