from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import Exchange, Expand, Permute

X = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 3, 1), (3, 1, 0, 2)])
def test_permute(order):
    layer = Permute(order=order)
    truth = torch.from_numpy(X).permute(order).numpy()
    assert layer.infer((X.shape,)) == (truth.shape,)
    np.testing.assert_array_equal(layer.forward([X], [])[0], truth)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 1, 2, 2), (1, 2, 3, 4)])
def test_permute_refuses_what_is_no_order(order):
    with pytest.raises(ShapeError, match="not an order of the axes"):
        Permute(order=order).infer((X.shape,))


def test_exchange():
    assert Exchange().infer((X.shape,)) == ((2, 4, 3, 5),)
    np.testing.assert_array_equal(Exchange().forward([X], [])[0], torch.from_numpy(X).transpose(1, 2).numpy())
    with pytest.raises(ShapeError, match="of four, not of 3"):
        Exchange().infer(((2, 3, 4),))


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (7, 2, 3, 4, 5)])
def test_expand(shape):
    small = X[:, :1, :, :1]
    truth = torch.from_numpy(small).expand(shape).numpy()
    assert Expand(shape=shape).infer((small.shape,)) == (shape,)
    np.testing.assert_array_equal(Expand(shape=shape).forward([small], [])[0], truth)


@pytest.mark.parametrize("shape", [(2, 3, 4, 6), (1, 3, 4, 5), (3, 4, 5)])
def test_expand_refuses_what_torch_refuses(shape):
    with pytest.raises(RuntimeError):
        torch.from_numpy(X).expand(shape)
    with pytest.raises(ShapeError, match="does not expand"):
        Expand(shape=shape).infer((X.shape,))
