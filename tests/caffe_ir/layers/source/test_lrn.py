"""DarknetLRN against the loop of normalization_layer.c, written out as it stands there."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import DarknetLRN


def forward_normalization_layer(x, size, alpha, beta, kappa):
    c = x.shape[1]
    squared, norms = x**2, np.full_like(x, kappa)
    norms[:, 1:] = np.nan
    for k in range(size // 2):
        norms[:, 0] += alpha * squared[:, k]
    for k in range(1, c):
        norms[:, k] = norms[:, k - 1]
        previous, following = k - (size - 1) // 2 - 1, k + size // 2
        if previous >= 0:
            norms[:, k] -= alpha * squared[:, previous]
        if following < c:
            norms[:, k] += alpha * squared[:, following]
    return x * norms**-beta


@pytest.mark.parametrize(("size", "channels"), [(5, 9), (4, 7), (3, 3), (2, 2), (9, 5), (5, 2), (1, 4)])
def test_is_darknets(size, channels):
    x = np.random.default_rng(2).uniform(-1, 1, (2, channels, 2, 3))
    truth = forward_normalization_layer(x, size, 0.1, 0.75, 2.0)
    layer = DarknetLRN(size=size, alpha=0.1, beta=0.75, kappa=2.0)
    assert layer.infer((x.shape,)) == (x.shape,)
    np.testing.assert_allclose(layer.forward([x], [])[0], truth, rtol=1e-12)


def test_refuses_a_window_that_darknet_reads_beyond_its_channels():
    with pytest.raises(ShapeError, match="last channel"):
        DarknetLRN(size=7, alpha=1.0, beta=0.75, kappa=1.0).infer(((1, 2, 4, 4),))
