"""What the machine keeps and what it leaves in the file; the operations are tested beside Python's pickle."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import pytest

from converters.weights.octets import Octets
from converters.weights.pickle_machine import MOST_TEXT
from converters.weights.pickle_operations import unpickled
from converters.weights.pickle_values import Global
from converters.weights.unreadable import Unreadable


class Refusing:
    """Refuses every name."""

    def call(self, what: Global, arguments: tuple[Any, ...]) -> Any:
        raise Unreadable("has no tensor")

    def build(self, made: Any, state: Any) -> None:
        raise Unreadable("has no state")

    def persistent(self, key: Any) -> Any:
        raise Unreadable("has no storage")


def loaded(data: bytes) -> Any:
    return unpickled(io.BytesIO(data), len(data), Refusing())


def test_long_bytes_stay_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pickle"
    path.write_bytes(b"before" + pickle.dumps([b"a" * 100_000, b"b"]) + b"behind")
    with open(path, "rb") as file:
        file.seek(6)
        long, short = unpickled(file, path.stat().st_size - 6, Refusing(), path)
        assert file.read() == b"behind"
    assert (long.data, long.read()) == (None, b"a" * 100_000)
    assert (short.data, short.path) == (b"b", path)


def test_long_texts_are_not_decoded() -> None:
    found = loaded(pickle.dumps("\u00e4" * 100_000))
    assert isinstance(found, Octets)
    assert (found.length, found.read()) == (100_000, b"\xe4" * 100_000)


def test_texts_come_to_a_limit() -> None:
    text = b"X" + (65_000).to_bytes(4, "little") + b"a" * 65_000 + b"0"
    with pytest.raises(Unreadable, match="67,108,864 bytes of text"):
        loaded(text * (MOST_TEXT // 65_000 + 1) + b"N.")


@pytest.mark.parametrize("value", ["ctorch\nTensor\n)R", "X\x04\x00\x00\x00selfQ", "(K\x01tQ"])
def test_what_is_wrong_has_the_name_of_what_it_was_for(value: str) -> None:
    with pytest.raises(Unreadable, match=r"has no (tensor|storage): conv\.weight"):
        loaded(b"\x80\x02}X\x0b\x00\x00\x00conv.weight" + value.encode() + b"s.")


def test_a_pickle_ends_where_it_must(tmp_path: Path) -> None:
    data = b"\x80\x02]" + b"N" * 99
    with pytest.raises(Unreadable, match="cut short"):
        unpickled(io.BytesIO(data + b"a."), len(data), Refusing())
