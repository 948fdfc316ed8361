"""Archives that torch's reader, Python's and this one read alike; all others are refused."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pytest
import torch

from converters.pytorch.open.zip_archive import Ambiguous, Damaged, zip_archive

NAMES = {"a/one": b"1" * 100, "a/two": b"22", "a/b/three": b""}


def plain(names: dict[str, bytes] = NAMES, *, method: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, held in names.items():
            archive.writestr(name, held)
    return content.getvalue()


def of_torch() -> bytes:
    """With padding, sizes behind the bytes, and the second directory of large archives."""
    content = io.BytesIO()
    writer = torch._C.PyTorchFileWriter(content)
    for name, held in NAMES.items():
        writer.write_record(name.removeprefix("a/"), held, len(held))
    writer.write_end_of_file()
    return content.getvalue()


def read(content: bytes) -> dict[str, bytes]:
    archive = zip_archive(io.BytesIO(content))
    return {name: archive.read(name) for name in archive.entries}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_pythons_archives(method: int) -> None:
    assert read(plain(method=method)) == NAMES


def test_torchs_archives() -> None:
    found = read(of_torch())
    assert {name.replace("archive/", "a/"): content for name, content in found.items()}.items() >= NAMES.items()


def test_an_entry_that_python_wrote_as_it_came() -> None:
    content = io.BytesIO()
    stream = io.BufferedWriter(Unseekable(content))
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/one", b"1")
    stream.flush()
    assert read(content.getvalue()) == {"a/one": b"1"}


class Unseekable(io.RawIOBase):
    def __init__(self, held: io.BytesIO) -> None:
        self.held = held

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        return self.held.write(content)  # type: ignore[arg-type]


def doubled(content: bytes) -> bytes:
    """Two entries of one name: torch takes one, zipfile the other."""
    return content.replace(b"a/two", b"a/one")


def in_case(content: bytes) -> bytes:
    """torch's reader finds A/ONE where it is asked for a/one."""
    return content.replace(b"a/two", b"a/ONE")


def renamed_in_its_header(content: bytes) -> bytes:
    return content.replace(b"a/two", b"a/owt", 1)


def resized_in_its_header(content: bytes) -> bytes:
    place = content.index(b"PK\x03\x04") + 18
    return content[:place] + struct.pack("<I", 99) + content[place + 4 :]


def packed_in_its_header(content: bytes) -> bytes:
    place = content.index(b"PK\x03\x04") + 8
    return content[:place] + struct.pack("<H", 8) + content[place + 2 :]


def before(content: bytes) -> bytes:
    return b"#!/bin/sh\n" + content


def behind(content: bytes) -> bytes:
    return content + b"\n"


def in_a_comment(content: bytes) -> bytes:
    """The readers that look for the end from behind find another archive."""
    other = plain({"a/other": b"x"})
    return content[:-2] + struct.pack("<H", len(other)) + other


def elsewhere(content: bytes) -> bytes:
    """A second directory beside the first, and end records of which torch believes one and Python the other."""
    end = content.rindex(b"PK\x05\x06")
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 51, end)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1)
    return content[:end] + record + locator + content[end:]


def with_a_hole(content: bytes) -> bytes:
    """Bytes between the entries and their directory."""
    end = content.rindex(b"PK\x05\x06")
    begin = struct.unpack_from("<I", content, end + 16)[0]
    moved = content[end : end + 16] + struct.pack("<I", begin + 4) + content[end + 20 :]
    return content[:begin] + b"hole" + content[begin:end] + moved


def another_name_in_a_field(content: bytes) -> bytes:
    """Info-ZIP's Unicode Path: newer Pythons take the name from there."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        info = zipfile.ZipInfo("a/one")
        info.extra = struct.pack("<HHBI", 0x7075, 10, 1, 0) + b"a/two"
        archive.writestr(info, b"1")
    return made.getvalue()


def encrypted(content: bytes) -> bytes:
    place = content.index(b"PK\x01\x02") + 8
    return content[:place] + struct.pack("<H", 1) + content[place + 2 :]


def cut(content: bytes) -> bytes:
    return content[:-30]


@pytest.mark.parametrize(
    "change",
    [
        *(doubled, in_case, renamed_in_its_header, resized_in_its_header, packed_in_its_header, before, behind),
        *(in_a_comment, elsewhere, with_a_hole, another_name_in_a_field, encrypted, cut),
    ],
    ids=lambda change: change.__name__,
)
def test_what_readers_see_differently(change: Callable[[bytes], bytes]) -> None:
    changed = change(plain())
    assert changed != plain()
    with pytest.raises(Ambiguous):
        read(changed)


@pytest.mark.parametrize("name", ["/a", "a//b", "a/../b", "..", "a\\b", "a/\u00e9", "a/\x01", "a/"])
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(Ambiguous, match="has an entry of the name"):
        read(plain({name: b"1"}))


def test_damage_is_told_from_ambiguity() -> None:
    with pytest.raises(Damaged, match="other bytes"):
        read(plain().replace(b"1" * 100, b"1" * 99 + b"2"))
    with pytest.raises(Damaged, match="a/one"):
        read(plain({"a/one": b"1" * 5000}, method=zipfile.ZIP_DEFLATED).replace(b"\xed", b"\xff", 1))


def test_a_compressed_entry_is_unpacked_as_far_as_it_says() -> None:
    bomb = bytearray(plain({"a/one": bytes(1 << 20)}, method=zipfile.ZIP_DEFLATED))
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = bomb.index(signature) + place
        bomb[at : at + 4] = struct.pack("<I", 100)
    with pytest.raises(Damaged):
        read(bytes(bomb))
