from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.weights.octets import Octets

F4 = np.dtype("<f4")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(b"head" + np.arange(4, dtype="<f4").tobytes() + "\x00ÿa".encode())
    return file


def test_bytes_in_a_file_in_memory_or_made(path: Path) -> None:
    data = path.read_bytes()[4:20]
    for octets in (
        Octets(length=16, path=path, offset=4),
        Octets(length=16, data=data),
        Octets(length=16, load=lambda: np.frombuffer(data, np.uint8)),
    ):
        assert octets.numbers(F4, 2, 8).tolist() == [2, 3]
        with pytest.raises(ConversionError):
            octets.numbers(F4, 9, 8)
    assert Octets(length=16, path=path, offset=4).read() == data


def test_a_text_stands_for_the_bytes_of_its_characters(path: Path) -> None:
    octets = Octets(length=4, path=path, offset=20).as_text()
    assert octets.length == 3
    assert octets.read() == b"\x00\xffa"
    assert not octets.lie_in_the_file
    path.write_bytes(bytes(20) + "a\u0100b".encode())
    with pytest.raises(ConversionError, match="damaged"):
        octets.read()
