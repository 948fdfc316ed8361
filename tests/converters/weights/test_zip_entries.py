"""Archives, sound and lying: Python writes them, and single bytes of them are changed."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.weights import zip_entries
from converters.weights.unreadable import Unreadable
from converters.weights.zip_entries import archive, unpacked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("stored", b"0123456789")
        zipped.writestr("small", b"a" * 1000, zipfile.ZIP_DEFLATED)
    return file


def test_entries_and_where_they_lie(path: Path) -> None:
    with open(path, "rb") as file, archive(path, file) as found:
        stored, small = found.entries["stored"], found.entries["small"]
        assert path.read_bytes()[stored.offset :][: stored.size] == b"0123456789"
        assert (stored.stored, small.stored) == (True, False)
        assert found.content(small, 1000) == b"a" * 1000
        stream, end, place = found.stream(stored)
        assert (stream.read(end - stream.tell()), place) == (b"0123456789", path)
        stream, end, place = found.stream(small)
        assert (stream.read(), end, place) == (b"a" * 1000, 1000, None)
        with pytest.raises(Unreadable, match="small of 1,000 bytes"):
            found.content(small, 999)


def central(data: bytes, name: bytes) -> int:
    """Where the entry stands in the table of contents."""
    return data.index(b"PK\x01\x02", data.rindex(name) - 46)


def changed(place: int, kind: str, value: int, name: bytes = b"stored") -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = central(data, name) + place
        return data[:at] + struct.pack(f"<{kind}", value) + data[at + struct.calcsize(kind) :]

    return change


LIES: dict[str, Callable[[bytes], bytes]] = {
    "the encrypted entry stored": changed(8, "H", 1),
    "stored, compressed in the way 14": changed(10, "H", 14),
    "stored of 99 bytes in 10, and not compressed": changed(24, "I", 99),
    "the entry stored up to byte .*, and another one begins": lambda data: changed(24, "I", 60)(
        changed(20, "I", 60)(data)
    ),
    "the entry small up to byte .*, and the file ends": changed(20, "I", 9000, b"small"),
    "no entry stored where its table of contents says": changed(42, "I", 3),
    "cut short its table of contents": lambda data: data[:-30],
    "a damaged archive": lambda data: data[-60:],
    "damaged archive .*utf-8": lambda data: changed(8, "H", 0x800, b"sm\xffll")(data.replace(b"small", b"sm\xffll")),
    "small at byte .*, outside of it": changed(42, "I", 2**31, b"small"),
    "a table of contents of 17,000,000 bytes": lambda data: data[:-10] + struct.pack("<I", 17_000_000) + data[-6:],
}


@pytest.mark.parametrize("why", LIES)
def test_lies_are_told(path: Path, why: str) -> None:
    path.write_bytes(LIES[why](path.read_bytes()))
    with pytest.raises(Unreadable) as refused, open(path, "rb") as file, archive(path, file):
        pass
    with pytest.raises(ValueError, match=why):
        raise ValueError(f"{refused.value.what} {refused.value.why}")


def test_two_entries_of_one_name(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as zipped:
        zipped.writestr("stored", b"")
    with pytest.raises(Unreadable, match="two entries stored"), open(path, "rb") as file, archive(path, file):
        pass


def test_changed_bytes_are_noticed_and_torch_may_leave_the_checksum_out(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b"0123456789", b"0123456780"))
    with open(path, "rb") as file, archive(path, file) as found:
        for take in (found.stream, lambda entry: found.content(entry, 99)):
            with pytest.raises(Unreadable, match="damaged entry stored"):
                take(found.entries["stored"])
    path.write_bytes(changed(16, "I", 0)(data))
    with open(path, "rb") as file, archive(path, file) as found:
        assert found.content(found.entries["stored"], 99) == b"0123456789"


def test_any_changed_byte_is_read_or_refused(path: Path) -> None:
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bits in (0xFF, 1):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :])
            try:
                with open(path, "rb") as file, archive(path, file) as found:
                    for entry in found.entries.values():
                        found.stream(entry)
                        found.content(entry, 1000)
            except Unreadable as error:
                assert error.what


def test_unpacked_bytes(path: Path) -> None:
    assert unpacked(path, "small", 10, 990).tobytes() == b"a" * 990
    for skip, length in ((10, 991), (10, 989)):
        with pytest.raises(ConversionError, match="became shorter"):
            unpacked(path, "small", skip, length)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ConversionError, match="damaged"):
        unpacked(path, "small", 0, 1000)
    path.unlink()
    with pytest.raises(ConversionError, match="cannot read"):
        unpacked(path, "small", 0, 1000)


def test_large_archives_say_the_length_of_their_contents_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    file = tmp_path / "large.zip"
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("a", np.zeros(9).tobytes())
    with open(file, "rb") as opened, archive(file, opened) as found:
        assert found.entries["a"].size == 72
    with open(file, "rb") as opened:
        assert zip_entries._length_of_contents(opened, file.stat().st_size) in range(46, 200)
