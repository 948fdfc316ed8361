"""Chunks that HDF5's library would crash on are refused; those that h5py writes are read."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files import hdf5_chunks
from caffe_ir.files.caffemodel_hdf5 import read_index

DRAW = np.random.default_rng(0)
NUMBERS = DRAW.integers(0, 9, (7, 5)).astype("f4")


def written(path: Path, numbers: Any = NUMBERS, **form: Any) -> Path:
    with h5py.File(path, "w", libver="earliest") as file:
        file.create_dataset("data/fc/0", data=numbers, **form)
    return path


def with_chunk(path: Path, size: int, place: int | None = None) -> None:
    """Change what the table of chunks (a B-tree of version 1) says of the first one: its bytes, and where they are."""
    with h5py.File(path) as file:
        chunk = file["data/fc/0"].id.get_chunk_info(0)
    content = path.read_bytes()
    old = struct.pack("<2I3Q", chunk.size, chunk.filter_mask, 0, 0, 0)
    begin = content.index(old + struct.pack("<Q", chunk.byte_offset))
    new = struct.pack("<2I3Q", size, chunk.filter_mask, 0, 0, 0)
    new += struct.pack("<Q", chunk.byte_offset if place is None else place)
    path.write_bytes(content[:begin] + new + content[begin + len(new) :])


def read(path: Path) -> None:
    for layer in read_index(path):
        for blob in layer.blobs:
            blob.load()


def refusal(path: Path) -> str:
    with pytest.raises(ConversionError) as refused:
        read(path)
    return str(refused.value)


@pytest.mark.parametrize(
    "form",
    [
        {"compression": "gzip"},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"compression": "gzip", "chunks": (3, 2), "fletcher32": True},
        {"fletcher32": True},
        {"shuffle": True, "chunks": (1, 1)},
        {"dtype": "f8", "compression": "gzip", "chunks": (7, 5)},
        {"chunks": (8, 8), "maxshape": (None, None)},
    ],
    ids=str,
)
def test_what_h5py_writes_is_read(form: dict[str, Any], tmp_path: Path) -> None:
    for numbers in (NUMBERS, DRAW.normal(size=(7, 5)).astype("f4")):  # which deflate makes larger, and leaves out
        (layer,) = read_index(written(tmp_path / "x.h5", numbers, **form))
        assert layer.blobs[0].load().tolist() == numbers.tolist()


@pytest.mark.parametrize("form", [{"fletcher32": True}, {"compression": "gzip"}, {"compression": "gzip", "shuffle": 1}])
@pytest.mark.parametrize("size", [0, 3, 1 << 31])
def test_a_chunk_of_another_size(form: dict[str, Any], size: int, tmp_path: Path) -> None:
    """With a checksum and without a byte it was the end of the process."""
    path = written(tmp_path / "x.h5", **form)
    with_chunk(path, size)
    told = refusal(path)
    assert f"fc/0: it has a chunk of {size:,} bytes at byte " in told or "it is cut off" in told


@pytest.mark.parametrize("place", [0, 1 << 40, (1 << 64) - 2])
def test_a_chunk_outside_of_the_file(place: int, tmp_path: Path) -> None:
    path = written(tmp_path / "x.h5", fletcher32=True)
    with_chunk(path, 7 * 5 * 4 + 4, place)
    assert f"fc/0: it has a chunk of 144 bytes at byte {place:,}" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"short", bytes(139), bytes(1 << 20)])
def test_a_chunk_that_becomes_another_number_of_bytes(content: bytes, tmp_path: Path) -> None:
    path = written(tmp_path / "x.h5", compression="gzip", chunks=(7, 5))
    with h5py.File(path, "r+") as file:
        file["data/fc/0"].id.write_direct_chunk((0, 0), zlib.compress(content))
    assert f"it has a chunk that becomes {min(len(content), 144)} bytes instead of 140" in refusal(path)


def test_what_is_no_deflate(tmp_path: Path) -> None:
    path = written(tmp_path / "x.h5", compression="gzip", chunks=(7, 5))
    with h5py.File(path, "r+") as file:
        file["data/fc/0"].id.write_direct_chunk((0, 0), b"nothing of the kind")
    assert "incorrect header check" in refusal(path)


def test_what_no_library_of_caffes_unpacks(tmp_path: Path) -> None:
    path = written(tmp_path / "x.h5", compression="lzf")
    assert "fc/0: it is packed by HDF5's filter 32000; Caffe reads deflate, shuffle, fletcher32" in refusal(path)
    path = written(tmp_path / "x.h5", NUMBERS.astype("i4"), scaleoffset=4)
    assert "fc/0: it is packed by HDF5's filter 6" in refusal(path)


def test_more_chunks_than_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_chunks, "MOST_CHUNKS", 34)
    assert "fc/0: it has 35 chunks, and at most 34 are read" in refusal(written(tmp_path / "x.h5", chunks=(1, 1)))
