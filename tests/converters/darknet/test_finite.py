from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError, Origin
from converters.darknet.finite import FiniteCheck
from converters.darknet.weights import WeightsFile


def taken(path: Path, values: list[float]) -> WeightsFile:
    path.write_bytes(struct.pack("<3iQ", 0, 2, 5, 0) + np.array(values, "<f4").tobytes())
    file = WeightsFile.open(path, "darknet")
    file.read((len(values),), origin=Origin(layer="conv_3"), what="biases")
    return file


def test_it_tells_what_is_no_number(tmp_path: Path) -> None:
    check = FiniteCheck(taken(tmp_path / "a", [1.0, float("nan"), float("inf"), 2.0]))
    (note,) = check.notes()
    assert str(note.text) == "2 of 4 values of the biases of conv_3 are NaN or infinite"
    assert FiniteCheck(taken(tmp_path / "b", [1.0, 2.0])).notes() == []


def test_a_file_that_went_away_is_told_where_the_notes_are_asked_for(tmp_path: Path) -> None:
    file = taken(tmp_path / "a", [1.0])
    (tmp_path / "a").unlink()
    with pytest.raises(ConversionError, match="cannot be read"):
        FiniteCheck(file).notes()


def test_a_check_that_fails_does_not_pass_for_one_that_found_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: WeightsFile) -> None:
        raise MemoryError

    monkeypatch.setattr(WeightsFile, "non_finite", full)
    with pytest.raises(MemoryError):
        FiniteCheck(taken(tmp_path / "a", [1.0])).notes()
