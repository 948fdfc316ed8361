from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.blob import Blob


def test_a_mapped_blob_is_a_view_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(b"head!" + np.arange(6, dtype="<f4").tobytes())
    blob = Blob.mapped(path, 5, (2, 3))
    assert blob.load().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert blob.span is not None
    assert blob.span.offset == 5
    assert not blob.load().flags.owndata


def test_numbers_stay_double_only_where_they_were() -> None:
    assert Blob.of(np.ones(2)).load().dtype == np.float64
    assert Blob.of([1, 2]).load().dtype == np.float32
    assert Blob.of(np.ones(2, np.float16)).load().dtype == np.float32


def test_reshaping_keeps_the_place_and_the_order(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(np.arange(6, dtype="<f4").tobytes())
    blob = Blob.mapped(path, 0, (6,)).reshaped((3, 2))
    assert blob.span is not None
    assert blob.load().tolist() == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(ValueError, match="6 values"):
        blob.reshaped((4,))


def test_a_computed_blob_is_made_at_each_call() -> None:
    made = []

    def compute():
        made.append(1)
        return np.zeros(1, np.float32)

    blob = Blob.computed((1,), compute)
    assert not made
    blob.load(), blob.load()
    assert len(made) == 2


def test_a_blob_without_axes_has_one_value(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(np.float32(7).tobytes())
    assert Blob.mapped(path, 0, ()).count == 1
    assert Blob.mapped(path, 0, ()).load().shape == ()
    assert Blob.of_zeros((2, 2)).load().tolist() == [[0, 0], [0, 0]]
