from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import NearestUpsample


@pytest.mark.parametrize("scale", [(2, 2), (1, 3), (4, 1)])
def test_is_torchs_nearest(scale):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    truth = F.interpolate(torch.from_numpy(x), scale_factor=scale, mode="nearest").numpy()
    layer = NearestUpsample(scale=scale)
    assert layer.infer((x.shape,)) == (truth.shape,)
    np.testing.assert_array_equal(layer.forward([x], [])[0], truth)


def test_refuses_what_is_no_map():
    with pytest.raises(ShapeError):
        NearestUpsample(scale=(2, 2)).infer(((1, 8),))
    with pytest.raises(ShapeError):
        NearestUpsample(scale=(0, 2)).infer(((1, 8, 2, 2),))
