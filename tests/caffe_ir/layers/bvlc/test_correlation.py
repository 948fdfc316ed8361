from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.layers.bvlc import correlation
from caffe_ir.layers.bvlc.correlation import column_view, correlate, scatter

rng = np.random.default_rng(7)


@pytest.mark.parametrize("column_bytes", [1, 2000, 2**30])
def test_strips_of_any_height_give_the_same(monkeypatch, column_bytes):
    monkeypatch.setattr(correlation, "COLUMN_BYTES", column_bytes)
    inputs, weights = rng.standard_normal((2, 3, 4, 9, 8)), rng.standard_normal((3, 5, 4, 3, 2))
    top = correlate(inputs, weights, (5, 9), (2, 1), (1, 1), (1, 1))
    expected = F.conv2d(
        torch.tensor(inputs.reshape(2, 12, 9, 8)),
        torch.tensor(weights.reshape(15, 4, 3, 2)),
        stride=(2, 1),
        padding=1,
        groups=3,
    )
    np.testing.assert_allclose(top.reshape(2, 15, 5, 9), expected.numpy(), rtol=1e-12, atol=1e-12)


def test_scatter_is_the_transpose_of_correlate():
    """<correlate(x), y> = <x, scatter(y)> for all x and y."""
    small, large = rng.standard_normal((1, 2, 3, 4, 5)), rng.standard_normal((1, 2, 2, 8, 11))
    weights = rng.standard_normal((2, 3, 2, 4, 3))
    forth = correlate(large, weights, (4, 5), (2, 2), (1, 0), (1, 1))
    back = scatter(small, weights, (8, 11), (2, 2), (1, 0), (1, 1))
    np.testing.assert_allclose((forth * small).sum(), (large * back).sum(), rtol=1e-12, atol=1e-12)


def test_column_view_is_read_only():
    view = column_view(np.zeros((1, 1, 4, 4)), (2, 2), (3, 3), (1, 1), (0, 0), (1, 1))
    assert view.shape == (1, 1, 3, 3, 2, 2)
    assert not view.flags.writeable
