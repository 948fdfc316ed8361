from __future__ import annotations

import argparse
import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from converters.weights.pickles import NeedsCode, Opaque, load_numpy, load_torch


class Evil:
    """What a pickle can do to who opens it."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.made),)


@pytest.mark.parametrize("load", [lambda file: load_torch(file, Path("none"), {}), load_numpy])
def test_nothing_is_run(tmp_path: Path, load) -> None:
    made = tmp_path / "made"
    with pytest.raises(NeedsCode, match="mkdir"):
        load(io.BytesIO(pickle.dumps({"state_dict": Evil(made)})))
    assert not made.exists()


@pytest.mark.parametrize(
    "name", [b"cbuiltins\neval\n.", b"cnumpy\nload\n.", b"ctorch\nload\n.", b"ctorch._utils\n__import__\n."]
)
def test_no_function_but_the_known_ones_is_found(name: bytes) -> None:
    with pytest.raises(NeedsCode):
        load_torch(io.BytesIO(name), Path("none"), {})


def test_what_checkpoints_carry_beside_weights_is_inert() -> None:
    found = load_torch(
        io.BytesIO(pickle.dumps({"args": argparse.Namespace(lr=1), "epoch": 3, "best": np.float64(2)})),
        Path("none"),
        {},
    )
    assert isinstance(found["args"], Opaque)
    assert found["epoch"] == 3


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_dictionaries_of_arrays(protocol: int) -> None:
    given = {"a": np.arange(6.0).reshape(2, 3), "b": np.float32(3), "c": {"d": np.arange(3)}}
    found = load_numpy(io.BytesIO(pickle.dumps(given, protocol=protocol)))
    np.testing.assert_array_equal(found["a"], given["a"])
    assert found["b"] == 3
    assert found["c"]["d"].tolist() == [0, 1, 2]


def test_a_storage_that_is_not_in_the_file_is_an_error() -> None:
    class Stored(pickle.Pickler):
        def persistent_id(self, obj: object) -> object:
            return ("storage", "not a type", "0", "cpu", 4) if obj == "here" else None

    file = io.BytesIO()
    Stored(file).dump(["here"])
    with pytest.raises(ValueError, match="storage"):
        load_torch(io.BytesIO(file.getvalue()), Path("none"), {})
