from __future__ import annotations

from io import BytesIO

import numpy as np

from converters.verify.npz import write_npz


def test_numpy_reads_arrays_of_any_names(tmp_path) -> None:
    arrays = {name: np.arange(6.0).reshape(2, 3) for name in ("file", "allow_pickle", "a/b", "conv_1", "ü")}
    write_npz(tmp_path / "some.npz", arrays)
    with np.load(tmp_path / "some.npz") as found:
        assert set(found.files) == arrays.keys()
        for name, array in arrays.items():
            assert found[name].dtype == np.float32
            np.testing.assert_array_equal(found[name], array)


def test_arrays_in_another_order_of_memory_lie_row_by_row() -> None:
    with BytesIO() as file:
        write_npz(file, {"x": np.arange(6.0).reshape(2, 3).T})
        file.seek(0)
        np.testing.assert_array_equal(np.load(file)["x"], [[0, 3], [1, 4], [2, 5]])
