from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers import Axpy


def test_a_number_for_each_channel_times_a_map_plus_another() -> None:
    random = np.random.default_rng(0)
    factor, x, y = (random.normal(size=shape) for shape in ((2, 3, 1, 1), (2, 3, 4, 5), (2, 3, 4, 5)))
    wanted = torch.addcmul(torch.from_numpy(y), torch.from_numpy(factor), torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(Axpy().forward([factor, x, y], [])[0], wanted, rtol=1e-15)
    np.testing.assert_allclose(Axpy().forward([factor[:, :, 0, 0], x, y], [])[0], wanted, rtol=1e-15)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="maps of one shape"):
        Axpy().infer(((1, 3, 1, 1), (1, 3, 4, 5), (1, 3, 4, 4)))
    with pytest.raises(ShapeError, match="not a number for each channel"):
        Axpy().infer(((1, 4, 1, 1), (1, 3, 4, 5), (1, 3, 4, 5)))
