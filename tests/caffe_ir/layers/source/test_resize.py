from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import NearestUpsample, Resize


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


@pytest.mark.parametrize(
    ("options", "how"),
    [
        ({"mode": "bilinear"}, {"mode": "linear"}),
        ({"mode": "bilinear", "align_corners": True}, {"mode": "linear", "align_corners": True}),
        ({"mode": "bilinear", "antialias": True}, {"mode": "linear", "antialias": True}),
        ({"mode": "bicubic"}, {"mode": "cubic"}),
        ({"mode": "bicubic", "align_corners": True}, {"mode": "cubic", "align_corners": True}),
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(8, 10), (3, 7), (1, 4)], ids=str)
def test_interpolation_is_torchs(options, how, size):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    truth = F.interpolate(torch.from_numpy(x), size=size, **options).numpy()
    layer = Resize(axes=(2, 3), output_size=size, **how)
    assert layer.infer((x.shape,)) == (truth.shape,)
    np.testing.assert_allclose(layer.forward([x], [])[0], truth, rtol=1e-12, atol=1e-12)


def test_a_factor_that_the_source_names_lies_between_the_places():
    x = np.random.default_rng(0).standard_normal((1, 2, 5, 4))
    truth = F.interpolate(torch.from_numpy(x), scale_factor=1.7, mode="bilinear").numpy()
    layer = Resize(mode="linear", axes=(2, 3), output_size=truth.shape[2:], scale=(1.7, 1.7))
    np.testing.assert_allclose(layer.forward([x], [])[0], truth, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [{"axes": (4,)}, {"axes": (2, 3)}, {"output_size": (0,)}, {"scale": (1.0, 2.0)}],
    ids=str,
)
def test_sizes_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ShapeError):
        Resize(**{"mode": "linear", "axes": (2,), "output_size": (3,), **wrong}).infer(((1, 2, 4, 5),))
