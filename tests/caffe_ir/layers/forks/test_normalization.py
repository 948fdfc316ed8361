from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.layers import Normalize

X = np.random.default_rng(0).normal(size=(2, 3, 4, 5))


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_lengths_are_torchs(across: bool, shared: bool) -> None:
    layer = Normalize(across_spatial=across, channel_shared=shared)
    scale = np.random.default_rng(1).uniform(0.5, 2, layer.blob_shapes((X.shape,))[0])
    x = torch.from_numpy(X)
    unit = functional.normalize(x.flatten(1), dim=1).reshape(x.shape) if across else functional.normalize(x, dim=1)
    (found,) = layer.forward([X], [scale])
    np.testing.assert_allclose(found, unit.numpy() * scale.reshape(-1, 1, 1), rtol=1e-9)


def test_eps_stands_inside_the_root() -> None:
    layer = Normalize(across_spatial=False, channel_shared=True, eps=3.0)
    (found,) = layer.forward([np.ones((1, 1, 1, 1))], [np.array(1.0)])
    assert found.item() == 0.5
