from __future__ import annotations

import numpy as np

from caffe_ir.forms.one_hot import picking_cells, picking_rows


def test_each_filter_picks_one_cell() -> None:
    filters = picking_cells(3, (2, 4), (1, 2)).load()
    assert filters.shape == (3, 1, 2, 4)
    assert filters.dtype == np.float32
    assert filters.sum() == 3
    assert (filters[:, 0, 1, 2] == 1).all()


def test_each_row_picks_one_value() -> None:
    matrix = picking_rows([4, 0, 4], 5)
    assert matrix.shape == (3, 5)
    np.testing.assert_array_equal(matrix.load() @ np.arange(5.0), [4, 0, 4])
