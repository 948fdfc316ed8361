from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.errors import ShapeError
from caffe_ir.layers import SPP

X = np.random.default_rng(0).normal(size=(2, 3, 8, 12))


@pytest.mark.parametrize(
    ("pool", "reference"), [("MAX", functional.adaptive_max_pool2d), ("AVE", functional.adaptive_avg_pool2d)]
)
def test_where_the_map_divides_it_is_torchs_adaptive_pooling(pool, reference) -> None:
    layer = SPP(pyramid_height=3, pool=pool)
    (found,) = layer.forward([X], [])
    levels = [reference(torch.from_numpy(X), size).reshape(2, -1) for size in (1, 2, 4)]
    assert layer.infer((X.shape,)) == (found.shape,) == ((2, 3 * 21),)
    np.testing.assert_allclose(found, torch.cat(levels, 1).numpy(), atol=1e-14)


def test_elsewhere_the_windows_are_padded_on_both_sides() -> None:
    """spp_layer.cpp by hand: two windows of 3 on 5 rows lie from -1 to 2 and from 2 to 5; the mean counts the pad."""
    x = np.arange(1.0, 26).reshape(1, 1, 5, 5)
    (highest,) = SPP(pyramid_height=2).forward([x], [])
    assert highest.tolist() == [[25, 7, 10, 22, 25]]
    (mean,) = SPP(pyramid_height=2, pool="AVE").forward([x], [])
    assert mean[0, :2].tolist() == pytest.approx([13, (1 + 2 + 6 + 7) / 9])


def test_one_level_is_a_map() -> None:
    assert SPP(pyramid_height=1).infer((X.shape,)) == ((2, 3, 1, 1),)


def test_what_caffe_refuses() -> None:
    with pytest.raises(ShapeError, match="not smaller than the kernel"):
        SPP(pyramid_height=3).infer(((1, 1, 5, 5),))  # four windows of 2 on 5 rows would be padded by 2
    with pytest.raises(ShapeError, match="at least 1"):
        SPP(pyramid_height=0).infer((X.shape,))
    with pytest.raises(ShapeError, match=r"\(N, C, H, W\)"):
        SPP(pyramid_height=1).infer(((2, 3),))
