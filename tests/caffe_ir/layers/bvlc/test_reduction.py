from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers import ArgMax, Reduction, Softmax

rng = np.random.default_rng(8)
VALUES = rng.standard_normal((2, 3, 4, 5))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("SUM", lambda x, axes: x.sum(axes)),
        ("ASUM", lambda x, axes: x.abs().sum(axes)),
        ("SUMSQ", lambda x, axes: (x**2).sum(axes)),
        ("MEAN", lambda x, axes: x.mean(axes)),
    ],
)
@pytest.mark.parametrize(("axis", "axes"), [(0, (0, 1, 2, 3)), (1, (1, 2, 3)), (-1, (3,))])
def test_reduction_is_torchs(operation, expected, axis, axes):
    layer = Reduction(operation=operation, axis=axis, coeff=2.5)
    (top,) = layer.forward([VALUES], [])
    np.testing.assert_allclose(top, 2.5 * expected(torch.tensor(VALUES), axes).numpy(), rtol=1e-12, atol=1e-12)
    assert layer.infer((VALUES.shape,)) == (top.shape,)
    assert layer.forward([VALUES.astype(np.float32)], [])[0].dtype == np.float32


def test_reduction_is_a_sum_by_default():
    assert Reduction.parsed({"axis": 1}) == Reduction(operation="SUM", axis=1)


def test_argmax_of_equal_ones_is_the_last():
    """Measured in BVLC Caffe: [1, 1, 0, 1] -> 3."""
    row = np.array([[1.0, 1.0, 0.0, 1.0]])
    np.testing.assert_array_equal(ArgMax().forward([row], [])[0], [[[3]]])
    np.testing.assert_array_equal(ArgMax(axis=1).forward([row], [])[0], [[3]])
    np.testing.assert_array_equal(ArgMax(top_k=4).forward([row], [])[0], [[[3, 1, 0, 2]]])
    long = np.tile([0.0, 1.0], 100)[None]
    np.testing.assert_array_equal(ArgMax(top_k=100).forward([long], [])[0], [[range(199, 0, -2)]])


@pytest.mark.parametrize("top_k", [1, 3])
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_argmax_along_an_axis_is_torchs_topk(axis, top_k):
    values, places = torch.topk(torch.tensor(VALUES), top_k, axis)
    layer = ArgMax(axis=axis, top_k=top_k)
    (top,) = layer.forward([VALUES], [])
    np.testing.assert_array_equal(top, places.numpy())
    assert top.dtype == VALUES.dtype
    assert layer.infer((VALUES.shape,)) == (top.shape,)
    np.testing.assert_array_equal(ArgMax(axis=axis, top_k=top_k, out_max_val=True).forward([VALUES], [])[0], values)


@pytest.mark.parametrize("top_k", [1, 7])
def test_argmax_without_an_axis_is_over_the_image(top_k):
    values, places = torch.topk(torch.tensor(VALUES.reshape(2, 60)), top_k, 1)
    (top,) = ArgMax(top_k=top_k).forward([VALUES], [])
    assert ArgMax(top_k=top_k).infer((VALUES.shape,)) == (top.shape,) == ((2, 1, top_k, 1),)
    np.testing.assert_array_equal(top[:, 0, :, 0], places)
    (both,) = ArgMax(top_k=top_k, out_max_val=True).forward([VALUES], [])
    assert both.shape == (2, 2, top_k, 1)
    np.testing.assert_array_equal(both[:, 0, :, 0], places)
    np.testing.assert_array_equal(both[:, 1, :, 0], values)


@pytest.mark.parametrize(
    ("shape", "top"), [((4, 6), (4, 1, 1)), ((4, 6, 2), (4, 1, 1)), ((4, 6, 2, 2, 2), (4, 1, 1, 1, 1))]
)
def test_argmax_without_an_axis_has_three_axes_or_more(shape, top):
    assert ArgMax().infer((shape,)) == (top,)


@pytest.mark.parametrize("layer", [ArgMax(top_k=0), ArgMax(top_k=61), ArgMax(axis=1, top_k=4), ArgMax(axis=4)])
def test_argmax_refuses_what_caffe_refuses(layer):
    with pytest.raises(ShapeError):
        layer.infer((VALUES.shape,))


def test_argmax_axis_is_written_only_if_given():
    assert ArgMax(top_k=5).spelled() == {"top_k": 5}
    assert ArgMax(axis=0).spelled() == {"axis": 0}


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_is_torchs(axis):
    wide = VALUES * 300
    layer = Softmax(axis=axis)
    (top,) = layer.forward([wide], [])
    np.testing.assert_allclose(top, torch.softmax(torch.tensor(wide), axis).numpy(), rtol=1e-12, atol=1e-300)
    assert layer.infer((wide.shape,)) == (wide.shape,)
    with pytest.raises(ShapeError):
        Softmax(axis=4).infer((wide.shape,))


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_softmax_of_what_is_not_finite_is_nan(odd):
    assert np.isnan(Softmax().forward([np.array([[1.0, odd, 2.0]])], [])[0]).all()
