from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers import Embed, InnerProduct

rng = np.random.default_rng(3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("axis", "rows", "inner", "top"),
    [(1, 2, 60, (2, 7)), (2, 6, 20, (2, 3, 7)), (-1, 24, 5, (2, 3, 4, 7)), (0, 1, 120, (7,))],
)
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_inner_product_is_torchs_linear(axis, rows, inner, top, transpose, bias, dtype):
    layer = InnerProduct(num_output=7, axis=axis, transpose=transpose, bias_term=bias)
    bottom = rng.standard_normal((2, 3, 4, 5)).astype(dtype)
    weight = rng.standard_normal((7, inner)).astype(dtype)
    blobs = [weight.T if transpose else weight, rng.standard_normal(7).astype(dtype)][: 1 + bias]
    assert layer.blob_shapes((bottom.shape,)) == tuple(blob.shape for blob in blobs)
    shift = torch.tensor(blobs[1]) if bias else None
    expected = F.linear(torch.tensor(bottom.reshape(rows, inner)), torch.tensor(weight), shift).numpy().reshape(top)
    (found,) = layer.forward([bottom], blobs)
    close = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(found, expected, rtol=close, atol=close)
    assert found.dtype == dtype
    assert layer.infer((bottom.shape,)) == (top,)


def test_inner_product_refuses():
    with pytest.raises(ShapeError):
        InnerProduct(num_output=0).infer(((2, 3),))
    with pytest.raises(ShapeError):
        InnerProduct(num_output=1, axis=2).infer(((2, 3),))


def test_embed_is_torchs_and_cuts_its_indices_down():
    layer = Embed(num_output=4, input_dim=6)
    bottom = np.array([[0.0, 5.9, 2.0], [1.5, 1.0, 3.99]])
    weight, bias = rng.standard_normal((6, 4)), rng.standard_normal(4)
    expected = F.embedding(torch.tensor([[0, 5, 2], [1, 1, 3]]), torch.tensor(weight)).numpy() + bias
    np.testing.assert_allclose(layer.forward([bottom], [weight, bias])[0], expected, rtol=1e-12)
    assert layer.infer((bottom.shape,)) == ((2, 3, 4),)
    assert layer.blob_shapes((bottom.shape,)) == ((6, 4), (4,))
    assert Embed(num_output=4, input_dim=6, bias_term=False).blob_shapes((bottom.shape,)) == ((6, 4),)


@pytest.mark.parametrize("index", [-1.0, 6.0])
def test_embed_does_not_read_beyond_its_rows(index):
    with pytest.raises(ValueError, match="outside 0 to 5"):
        Embed(num_output=4, input_dim=6, bias_term=False).forward([np.array([index])], [np.zeros((6, 4))])
