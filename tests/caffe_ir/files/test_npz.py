from __future__ import annotations

from io import BytesIO

import numpy as np

from caffe_ir.files.npz import write_npz


def test_numpy_reads_arrays_of_any_names_and_types(tmp_path) -> None:
    kinds = {"file": "f4", "allow_pickle": "f8", "a/b": "i8", "conv_1": "?", "ü": "f2"}
    arrays: dict[str, np.ndarray] = {name: np.arange(6).reshape(2, 3).astype(kind) for name, kind in kinds.items()}
    write_npz(tmp_path / "some.npz", arrays.items())
    with np.load(tmp_path / "some.npz") as found:
        assert set(found.files) == arrays.keys()
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)


def test_arrays_in_another_order_of_memory_lie_row_by_row() -> None:
    with BytesIO() as file:
        write_npz(file, [("x", np.arange(6.0).reshape(2, 3).T)])
        file.seek(0)
        np.testing.assert_array_equal(np.load(file)["x"], [[0, 3], [1, 4], [2, 5]])


def test_a_number_stays_one_and_the_comment_is_at_the_end() -> None:
    with BytesIO() as file:
        write_npz(file, [("x", np.float32(3))], comment="mine")
        assert file.getvalue().endswith(b"mine")
        file.seek(0)
        assert np.load(file)["x"].shape == ()
