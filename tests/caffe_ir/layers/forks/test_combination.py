from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers import Axpy, MatMul


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


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_products_of_matrices(batch: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(*batch, 4, 5)), random.normal(size=(*batch, 5, 6))
    wanted = torch.matmul(torch.from_numpy(first), torch.from_numpy(second)).numpy()
    np.testing.assert_allclose(MatMul().forward([first, second], [])[0], wanted, rtol=1e-14, atol=1e-15)
    assert MatMul().infer((first.shape, second.shape)) == (wanted.shape,)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ((4,), (4, 5), "not matrices"),
        ((2, 4, 5), (3, 5, 6), "as many matrices"),
        ((4, 5), (2, 5, 6), "as many matrices"),
        ((4, 5), (6, 5), "a sum over 5 and 6"),
    ],
)
def test_matrices_that_do_not_fit(first: tuple[int, ...], second: tuple[int, ...], reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        MatMul().infer((first, second))
