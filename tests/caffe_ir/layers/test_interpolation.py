"""The matrices of interpolation against torch, which resizes the unit vectors, and against numbers of practitioners."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caffe_ir.layers.interpolation import filtered, interpolated, step

ATEN = torch.ops.aten
PLANES = {
    ("cubic", False): ATEN.upsample_bicubic2d.default,
    ("linear", True): ATEN._upsample_bilinear2d_aa.default,
    ("cubic", True): ATEN._upsample_bicubic2d_aa.default,
}


def of_torch(mode, antialias, size, wanted, align_corners, scale):
    units = torch.eye(size, dtype=torch.float64)
    if (mode, antialias) == ("linear", False):  # the unit vectors are its channels
        return ATEN.upsample_linear1d.default(units[None], [wanted], align_corners, scale)[0].T.numpy()
    return PLANES[mode, antialias](units[None, None], [wanted, size], align_corners, scale, None)[0, 0].numpy()


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("mode", ["linear", "cubic"])
@settings(max_examples=150)
@given(st.integers(1, 40), st.integers(1, 90), st.booleans(), st.one_of(st.none(), st.floats(0.2, 4)))
@example(5, 5, False, 1.1)
@example(1, 7, True, None)
@example(7, 1, True, None)
def test_each_place_takes_of_each_cell_what_torch_takes(mode, antialias, size, wanted, align_corners, scale):
    wanted = max(1, int(size * scale)) if scale else wanted
    weights = filtered if antialias else interpolated
    found = weights(mode, size, wanted, align_corners=align_corners, scale=scale or 0.0)
    np.testing.assert_allclose(found, of_torch(mode, antialias, size, wanted, align_corners, scale), atol=1e-13)


def test_the_numbers_that_practitioners_wrote_down():
    """torch2caffe: 1..4 by 2, with aligned corners and without."""
    line = np.arange(1.0, 5.0)
    assert (interpolated("linear", 4, 8) @ line).tolist() == [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]
    aligned = interpolated("linear", 4, 8, align_corners=True) @ line
    np.testing.assert_allclose(aligned, [1, 1.4286, 1.8571, 2.2857, 2.7143, 3.1429, 3.5714, 4], atol=5e-5)


def test_a_step_is_the_ratio_of_sizes_or_of_intervals_or_what_the_source_names():
    assert step(4, 8, align_corners=False) == 0.5
    assert step(4, 7, align_corners=True) == 0.5
    assert step(4, 1, align_corners=True) == 0
    assert step(4, 6, align_corners=False, scale=1.6) == 1 / 1.6
