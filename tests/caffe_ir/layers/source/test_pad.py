from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import AppendZeros


def test_appends_zeros():
    (top,) = AppendZeros(count=2).forward([np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])], [])
    assert top.tolist() == [[1, 2, 3, 0, 0], [4, 5, 6, 0, 0]]
    assert AppendZeros(count=2).infer(((2, 3),)) == ((2, 5),)


@pytest.mark.parametrize(("count", "shape"), [(0, (2, 3)), (1, (2, 3, 1)), (1, (2, 0))])
def test_refuses_what_is_not_flat_and_nothing_to_append(count, shape):
    with pytest.raises(ShapeError):
        AppendZeros(count=count).infer((shape,))
