from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.blob import Blob, shape_text, shapes_text
from caffe_ir.errors import ConversionError


def test_a_shape_is_read_as_it_is_given() -> None:
    assert [shape_text(shape) for shape in ((1, 3, 224, 224), (7,), ())] == ["1x3x224x224", "7", ""]


def test_equal_shapes_are_counted() -> None:
    assert shapes_text([(1, 2), (1, 2), (3,), (1, 2)]) == "2 of 1x2, 3, 1x2"


def test_a_blob_in_a_file_is_read_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(b"head!" + np.arange(6, dtype="<f4").tobytes())
    blob = Blob.in_file(path, 5, (2, 3))
    assert blob.load().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert blob.span is not None
    assert blob.span.offset == 5


@pytest.mark.parametrize("count", [10, 1 << 20])
def test_a_file_that_becomes_shorter_ends_in_a_message(tmp_path: Path, count: int) -> None:
    """In a process of its own: a mapping of the file would end it by a signal."""
    path = tmp_path / "w"
    path.write_bytes(bytes(4 * count))
    program = f"""
import os
from caffe_ir.blob import Blob, shape_text
from caffe_ir.errors import ConversionError
blob = Blob.in_file({str(path)!r}, 0, ({count},))
before = blob.load()
os.truncate({str(path)!r}, 8)
print(before.sum())
try:
    blob.load().sum()
except ConversionError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"0.0\n{path} became shorter while it was read")


def test_what_is_read_from_a_file_is_the_callers_own(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(bytes(8))
    blob = Blob.in_file(tmp_path / "w", 0, (2,)).reshaped((1, 2))
    blob.load()[:] = 7
    assert blob.load().tolist() == [[0, 0]]


def test_a_file_that_is_gone_ends_in_a_message(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"cannot read .*No such file"):
        Blob.in_file(tmp_path / "w", 0, (3,)).load()


def test_numbers_stay_double_only_where_they_were() -> None:
    assert Blob.of(np.ones(2)).load().dtype == np.float64
    assert Blob.of([1, 2]).load().dtype == np.float32
    assert Blob.of(np.ones(2, np.float16)).load().dtype == np.float32


def test_reshaping_keeps_the_place_and_the_order(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(np.arange(6, dtype="<f4").tobytes())
    blob = Blob.in_file(path, 0, (6,)).reshaped((3, 2))
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
    assert Blob.in_file(path, 0, ()).count == 1
    assert Blob.in_file(path, 0, ()).load().shape == ()
    assert Blob.of_zeros((2, 2)).load().tolist() == [[0, 0], [0, 0]]


def test_the_numbers_over_and_over_keep_the_name_of_their_tensor() -> None:
    blob = replace(Blob.of(np.arange(6.0).reshape(2, 3)), key="norm.weight")
    again = blob.repeated(3)
    assert (again.shape, again.key, again.span) == ((18,), "norm.weight", None)
    np.testing.assert_array_equal(again.load(), [*range(6)] * 3)
    assert blob.repeated(1).shape == (6,)
