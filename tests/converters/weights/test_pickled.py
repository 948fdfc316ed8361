"""The names in pickles of torch and NumPy: torch and NumPy write them, and nothing else is ever run."""

from __future__ import annotations

import argparse
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from converters.weights.pickle_values import Inert
from converters.weights.unreadable import Unreadable
from tests.converters.weights.unpickling import loaded


class Evil:
    """What a pickle can do to who opens it."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.made),)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_run(tmp_path: Path, protocol: int) -> None:
    made = tmp_path / "made"
    found = loaded(pickle.dumps({"state_dict": Evil(made)}, protocol))
    assert found["state_dict"].kind.endswith(".mkdir")
    assert not made.exists()


@pytest.mark.parametrize(
    "name", [b"builtins\neval", b"numpy\nload", b"torch\nload", b"torch._utils\n__import__", b"builtins\ngetattr"]
)
def test_what_is_not_known_is_inert(name: bytes) -> None:
    found = loaded(b"c" + name + b"\n(X\x04\x00\x00\x001+1+tR.")
    assert isinstance(found, Inert)
    assert found.arguments == ("1+1+",)


def test_what_checkpoints_carry_beside_weights_is_inert() -> None:
    found = loaded(pickle.dumps({"args": argparse.Namespace(lr=1), "epoch": 3, "best": np.float64(2)}))
    assert found["args"].state == {"lr": 1}
    assert found["epoch"] == 3


@pytest.mark.parametrize(
    "pickled",
    [
        b"cbuiltins\nbytearray\n(I3000000000\ntR.",
        b"cbuiltins\nlist\n(cbuiltins\nbytearray\n(I300000000\ntRtR.",
        b"cnumpy\nndarray\n((I3000000000\nltR.",
        b"cnumpy\nndarray\n(I2000000000\ntR.",
        b"cbuiltins\nrange\n(I2000000000\ntR.",
    ],
)
def test_a_call_for_much_memory_takes_none(pickled: bytes) -> None:
    assert isinstance(loaded(pickled), Inert | list)


def test_the_same_text_again_and_again_comes_to_an_end() -> None:
    text = b"X" + (60_000).to_bytes(4, "little") + b"a" * 60_000
    again = b"h\x00h\x01\x85R" * 20_000
    with pytest.raises(Unreadable, match="67,108,864 values"):
        loaded(b"\x80\x02c_codecs\nencode\nq\x00" + text + b"q\x01" + again + b".")
