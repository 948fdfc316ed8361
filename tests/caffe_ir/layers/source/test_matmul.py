from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import Linear, MatrixProduct

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (2, 3, 5, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias):
    x, weight, offset = (RANDOM.standard_normal(each) for each in (shape, (6, 4), (6,)))
    layer = Linear(num_output=6, bias_term=bias)
    blobs = [weight, offset] if bias else [weight]
    truth = F.linear(*(torch.from_numpy(each) for each in (x, *blobs))).numpy()
    assert layer.infer((shape,)) == (truth.shape,)
    assert layer.blob_shapes((shape,)) == tuple(each.shape for each in blobs)
    np.testing.assert_allclose(layer.forward([x], blobs)[0], truth, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("turns", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("batches", [((), ()), ((2, 3), (2, 3)), ((2, 1), (3,))])
def test_matmul(turns, batches):
    shapes = [(*batch, *sides) for batch, sides in zip(batches, ((4, 5), (5, 6)), strict=True)]
    first, second = (torch.from_numpy(RANDOM.standard_normal(shape)) for shape in shapes)
    given = [
        one.mT.contiguous().numpy() if turn else one.numpy() for one, turn in zip((first, second), turns, strict=True)
    ]
    truth = (first @ second).numpy()
    layer = MatrixProduct(transpose_a=turns[0], transpose_b=turns[1])
    assert layer.infer(tuple(one.shape for one in given)) == (truth.shape,)
    np.testing.assert_allclose(layer.forward(given, [])[0], truth, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("shapes", "why"),
    [(((2, 3), (2, 3)), "a sum over"), (((2, 3, 4), (3, 4, 5)), "broadcast"), (((3,), (3, 4)), "not a matrix")],
)
def test_matmul_refuses(shapes, why):
    with pytest.raises(ShapeError, match=why):
        MatrixProduct().infer(shapes)
