"""Weights are looked at while they are copied: with the same result as reading the whole file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir import writer
from caffe_ir.blob import Blob
from caffe_ir.errors import ConversionError
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert
from converters.darknet.finite import FiniteCheck
from converters.darknet.frontend import DarknetModel
from tests.converters.cli.given import darknet_model

ARRAYS = {"biases": 8, "scales": 8, "means": 8, "variances": 8, "weights": 216}
"""Of conv_0, in the order of the file, each with how many numbers it has."""


def model_with(folder: Path, *places: int, number: float = np.nan) -> DarknetModel:
    """A small net some of whose numbers, counted through the file, are no numbers."""
    cfg, weights = map(Path, darknet_model(folder))
    data = bytearray(weights.read_bytes())
    header = convert(cfg, weights).weights.header.size
    numbers = np.frombuffer(data, "<f4", offset=header)
    numbers[list(places)] = number
    weights.write_bytes(data)
    return convert(cfg, weights, check_finite=False)


def told(model: DarknetModel, folder: Path, *, fold: bool = False) -> list[str]:
    check = FiniteCheck(model.weights)
    net = lower(model.net.copy(), CAFFE, Options(fold_batch_norm=fold))
    writer.write(net, folder / "net", CAFFE, watch=check.watch)
    return [note.text for note in check.notes()]


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", range(5))
def test_one_number_in_any_array_is_told(place: int, number: float, fold: bool, tmp_path: Path) -> None:
    model = model_with(tmp_path, 8 * place + 3, number=number)
    what, count = list(ARRAYS.items())[place]
    assert told(model, tmp_path, fold=fold) == [f"1 of {count} values of the {what} of conv_0 are NaN or infinite"]


def test_as_many_as_reading_the_whole_file_tells(tmp_path: Path) -> None:
    model = model_with(tmp_path, 0, 1, 9, 25, 40, 300, 301, 600)
    expected = [note.text for note in model.weights.non_finite()]
    assert len(expected) > 4
    assert told(model, tmp_path) == expected


def test_nothing_is_told_of_finite_weights(tmp_path: Path) -> None:
    assert told(model_with(tmp_path, 5, number=3e38), tmp_path) == []


def test_part_of_an_array_does_not_stand_for_the_whole(tmp_path: Path) -> None:
    model = model_with(tmp_path, 7)
    check, first = FiniteCheck(model.weights), model.weights.spans[0]
    assert first.count == 8
    check.watch(Blob.in_file(model.weights.path, first.offset, (4,)), memoryview(bytes(16)))
    assert "1 of 8 values" in str(check.notes()[0])


def test_a_file_that_went_away_is_told_where_the_notes_are_asked_for(tmp_path: Path) -> None:
    model = model_with(tmp_path)
    model.weights.path.unlink()
    with pytest.raises(ConversionError, match="cannot be read"):
        FiniteCheck(model.weights).notes()


def test_weights_in_hdf5_are_watched_too(tmp_path: Path) -> None:
    model = model_with(tmp_path, 3)
    check, seen = FiniteCheck(model.weights), list[int]()

    def watch(blob: Blob, numbers: memoryview) -> None:
        seen.append(len(numbers))
        check.watch(blob, numbers)

    writer.write(lower(model.net.copy(), CAFFE, Options()), tmp_path / "net", CAFFE, hdf5=True, watch=watch)
    assert len(check.notes()) == 1
    assert sum(seen) > 2000
