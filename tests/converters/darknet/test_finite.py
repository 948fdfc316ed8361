"""Weights are looked at while they are copied: with the same result as reading the whole file."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caffe_ir.blob import Blob
from caffe_ir.errors import ConversionError
from caffe_ir.files import writer
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert
from converters.darknet.finite import FiniteCheck, non_finite
from converters.darknet.frontend import DarknetModel
from converters.darknet.weights import WeightsFile
from tests.converters.cli.given import darknet_model
from tests.converters.darknet.weights_files import header, origin, weights_file

ARRAYS = {"biases": 8, "scales": 8, "means": 8, "variances": 8, "weights": 216}
"""Of conv_0, in the order of the file, each with how many numbers it has."""


def model_with(folder: Path, *places: int, number: float = np.nan) -> DarknetModel:
    """A small net some of whose numbers, counted through the file, are not numbers."""
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
    expected = [note.text for note in non_finite(model.weights)]
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


@pytest.mark.parametrize("seen_format", ["<i", "<Q"])
def test_arrays_with_nan_or_infinity_are_named(tmp_path, seen_format):
    """Three arrays over several read chunks; header of 16 and of 20 bytes; a NaN behind the arrays does not count."""
    values = np.random.default_rng(5).standard_normal(900_004).astype("<f4")
    values[[3, 700_000, 700_001, 900_000]] = [np.nan, np.inf, -np.inf, np.nan]
    values[[5, 800_000]] = np.finfo(np.float32).max  # finite, though its square and the sum of two are not
    file = weights_file(tmp_path, header((0, 2 if seen_format == "<Q" else 1, 0), 0, seen_format) + values.tobytes())
    for index, count in enumerate((0, 4, 600_000, 300_000 - 4)):
        file.read((count,), origin=origin(index), what="weights")
    told = [(note.kind, str(note)) for note in non_finite(file)]
    where = ["my.cfg:8 [convolutional]: 1 of 4", "my.cfg:10 [convolutional]: 2 of 299996"]
    names = ["conv_1", "conv_3"]
    assert told == [
        ("warning", f"{start} values of the weights of {name} are NaN or infinite")
        for start, name in zip(where, names, strict=True)
    ]
    assert [note.origin for note in non_finite(file, file.spans[2:])] == [origin(3)]
    assert [note.origin for note in non_finite(file, file.spans[::-1])] == [origin(1), origin(3)]
    assert non_finite(file, []) == []


@given(
    counts=st.lists(st.integers(0, 60), min_size=1, max_size=8),
    bad=st.sets(st.integers(0, 500), max_size=6),
    kept=st.integers(0, 500),
)
@example(counts=[3, 0, 2], bad={2, 3}, kept=5)
def test_counts_are_those_of_numpy_also_where_the_file_ends_early(tmp_path_factory, counts, bad, kept):
    values = np.ones(501, np.float32)
    values[list(bad)] = np.nan
    path = tmp_path_factory.mktemp("w") / "my.weights"
    path.write_bytes(header() + values[:kept].tobytes() + b"\x7f")
    file = WeightsFile.open(path, "darknet")
    for index, count in enumerate(counts):
        file.read((count,), origin=origin(index), what="weights")
    ends = np.cumsum(counts)
    expected = {
        f"conv_{index}": int(np.isnan(values[:kept][end - count : end]).sum())
        for index, (count, end) in enumerate(zip(counts, ends, strict=True))
    }
    found = {note.origin.layer: int(note.text.split()[0]) for note in non_finite(file) if note.origin}
    assert found == {layer: count for layer, count in expected.items() if count}


def test_the_scan_does_not_hold_the_file_in_memory(tmp_path):
    path = tmp_path / "big.weights"
    with open(path, "wb") as out:
        out.write(header())
        out.truncate(20 + (64 << 20))
    file = WeightsFile.open(path, "darknet")
    file.read((16 << 20,), origin=origin(), what="weights")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert non_finite(file) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 << 10
