from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import CropTo


def test_takes_rows_and_columns():
    x = np.arange(2 * 3 * 5 * 6.0).reshape(2, 3, 5, 6)
    layer = CropTo(top=1, left=2, height=3, width=4)
    truth = torch.from_numpy(x).narrow(2, 1, 3).narrow(3, 2, 4).numpy()
    assert layer.infer((x.shape,)) == ((2, 3, 3, 4),)
    np.testing.assert_array_equal(layer.forward([x], [])[0], truth)


@pytest.mark.parametrize("part", [(3, 0, 3, 1), (0, 3, 1, 4), (-1, 0, 2, 2), (0, 0, 0, 2)])
def test_refuses_a_part_beyond_the_image(part):
    top, left, height, width = part
    with pytest.raises(ShapeError):
        CropTo(top=top, left=left, height=height, width=width).infer(((1, 3, 5, 6),))
