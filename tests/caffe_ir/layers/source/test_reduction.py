"""Reduce against torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import Reduce

X = np.random.default_rng(1).normal(size=(2, 3, 4, 5))
TORCH: dict[str, Callable[..., torch.Tensor]] = {
    "SUM": torch.sum,
    "MEAN": torch.mean,
    "MAX": torch.amax,
    "MIN": torch.amin,
}


@pytest.mark.parametrize("operation", TORCH)
@pytest.mark.parametrize("axes", [(1,), (2, 3), (0, 2), (0, 1, 2, 3)], ids=str)
@pytest.mark.parametrize("keepdim", [True, False])
def test_is_torchs(operation, axes, keepdim):
    layer = Reduce(operation=operation, axes=axes, keepdim=keepdim, scale=-2.0)
    wanted = -2 * TORCH[operation](torch.from_numpy(X), axes, keepdim)
    (y,) = layer.forward([X], [])
    assert layer.infer((X.shape,)) == (tuple(wanted.shape),)
    np.testing.assert_allclose(y, wanted.numpy(), rtol=1e-13)


@pytest.mark.parametrize("axes", [(), (4,), (-1,), (2, 1), (1, 1)], ids=str)
def test_refuses_axes_that_are_not_there_or_do_not_rise(axes):
    with pytest.raises(ShapeError, match="are not axes of"):
        Reduce(operation="SUM", axes=axes).infer((X.shape,))


def test_float32_stays_float32():
    (y,) = Reduce(operation="MEAN", axes=(1,), scale=0.5).forward([X.astype(np.float32)], [])
    assert y.dtype == np.float32
