from __future__ import annotations

import pytest

from converters.cli.verify_inputs import inputs_apart
from converters.pytorch.open.inputs import SPELLED


@pytest.mark.parametrize("shape", ["1x3x224x224", "1X3", "7", "image=1x3x8x8", "tokens=1x16:int64", "_a1=4:bool"])
def test_shapes_are_those_that_a_conversion_takes(shape) -> None:
    assert inputs_apart([shape]) == ((), (shape,))
    assert SPELLED.fullmatch(shape)


@pytest.mark.parametrize("name", ["x.npy", "1x3.npy", "a b.png", "1x", "x1x3", "=1x3", "1x3:", "./7", "a=1x3.jpg"])
def test_all_else_is_a_file(name) -> None:
    assert inputs_apart([name]) == ((name,), ())
    assert not SPELLED.fullmatch(name)


def test_a_file_that_is_there_is_one_whatever_its_name(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1x3").touch()
    assert inputs_apart(["1x3", "2x3", "y.npy"]) == (("1x3", "y.npy"), ("2x3",))
