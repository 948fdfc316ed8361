from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import L2Norm


def test_is_torchs_normalize_without_epsilon():
    x = np.random.default_rng(0).standard_normal((2, 5, 3, 4))
    truth = F.normalize(torch.from_numpy(x), eps=0.0).numpy()
    np.testing.assert_allclose(L2Norm().forward([x], [])[0], truth, rtol=1e-14)


def test_refuses_a_flat_blob():
    with pytest.raises(ShapeError):
        L2Norm().infer(((2, 5),))
