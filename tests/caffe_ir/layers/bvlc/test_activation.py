from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers import (
    BNLL,
    ELU,
    AbsVal,
    Clip,
    Dropout,
    Exp,
    Log,
    Power,
    PReLU,
    ReLU,
    Sigmoid,
    Swish,
    TanH,
    Threshold,
)

rng = np.random.default_rng(5)
VALUES = np.concatenate([rng.standard_normal(200) * 5, [0.0, -0.0, 1e-9, -1e-9, 60.0, -60.0, 700.0, -700.0]])
POSITIVE = np.abs(VALUES) + 1e-3

TABLE = [
    (ReLU(), VALUES, F.relu),
    (ReLU(negative_slope=0.1), VALUES, lambda x: F.leaky_relu(x, 0.1)),
    (ReLU(negative_slope=-0.5), VALUES, lambda x: F.leaky_relu(x, -0.5)),
    (ReLU(negative_slope=2.0), VALUES, lambda x: F.leaky_relu(x, 2.0)),
    (ELU(alpha=1.5), VALUES, lambda x: F.elu(x, 1.5)),
    (Sigmoid(), VALUES, torch.sigmoid),
    (TanH(), VALUES, torch.tanh),
    (Swish(), VALUES, F.silu),
    (Swish(beta=1.7), VALUES, lambda x: x * torch.sigmoid(1.7 * x)),
    (Clip(min=-1.0, max=6.0), VALUES, lambda x: torch.clamp(x, -1, 6)),
    (AbsVal(), VALUES, torch.abs),
    (BNLL(), VALUES, lambda x: F.softplus(x, threshold=1e9)),
    (Power(), VALUES, lambda x: x),
    (Power(power=2.0, scale=3.0, shift=-1.0), VALUES, lambda x: (3 * x - 1) ** 2),
    (Power(power=0.5, scale=2.0), POSITIVE, lambda x: torch.sqrt(2 * x)),
    (Power(power=-1.0, shift=1.0), POSITIVE, lambda x: torch.reciprocal(1 + x)),
    (Power(power=-0.75, shift=2.0), POSITIVE, lambda x: torch.pow(2 + x, -0.75)),
    (Exp(scale=0.5, shift=1.0), VALUES, lambda x: torch.exp(0.5 * x + 1)),
    (Exp(base=2.0, scale=0.5, shift=1.0), VALUES, lambda x: torch.exp2(0.5 * x + 1)),
    (Log(scale=2.0, shift=1.0), POSITIVE, lambda x: torch.log(2 * x + 1)),
    (Log(base=10.0), POSITIVE, torch.log10),
    (Log(base=0.5), POSITIVE, lambda x: -torch.log2(x)),
    (Threshold(threshold=0.5), VALUES, lambda x: (x > 0.5).double()),
    (Dropout(dropout_ratio=0.9), VALUES, lambda x: x),
]


@pytest.mark.parametrize(("layer", "values", "expected"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_values(layer, values, expected):
    before = values.copy()
    (top,) = layer.forward([values], [])
    np.testing.assert_allclose(top, np.asarray(expected(torch.tensor(values))), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(values, before)
    (single,) = layer.forward([values.astype(np.float32)], [])
    assert single.dtype == np.float32
    assert layer.infer((values.shape,)) == (values.shape,)
    assert layer.blob_shapes((values.shape,)) == ()
    assert type(layer).parsed(layer.spelled()) == layer


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_prelu_is_torchs(shape):
    bottom, slopes = rng.standard_normal(shape), np.array([0.25, -1.0, 3.0])
    each, shared = PReLU(), PReLU(channel_shared=True)
    assert each.blob_shapes((shape,)) == ((3,),)
    assert shared.blob_shapes((shape,)) == ((),)
    assert each.infer((shape,)) == shared.infer((shape,)) == (shape,)
    expected = F.prelu(torch.tensor(bottom), torch.tensor(slopes)).numpy()
    np.testing.assert_allclose(each.forward([bottom], [slopes])[0], expected, rtol=1e-12)
    expected = F.prelu(torch.tensor(bottom), torch.tensor([0.2], dtype=torch.float64)).numpy()
    np.testing.assert_allclose(shared.forward([bottom], [np.array(0.2)])[0], expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(3,), (1, 2, 3, 4, 5)])
def test_prelu_takes_two_to_four_axes(shape):
    with pytest.raises(ShapeError):
        PReLU().infer((shape,))


def test_what_is_not_finite():
    """As measured in BVLC Caffe (negative_slope 0 multiplies minus infinity; Clip compares NaN away)."""
    odd = np.array([np.nan, -np.inf, np.inf])
    np.testing.assert_array_equal(ReLU().forward([odd], [])[0], [np.nan, np.nan, np.inf])
    np.testing.assert_array_equal(ReLU(negative_slope=0.1).forward([odd], [])[0], [np.nan, -np.inf, np.inf])
    np.testing.assert_array_equal(Swish().forward([odd], [])[0], [np.nan, np.nan, np.inf])
    np.testing.assert_array_equal(Clip(min=1.0, max=6.0).forward([odd], [])[0], [1, 1, 6])


def test_a_power_that_looks_at_nothing():
    odd = np.array([np.nan, np.inf, 3.0])
    np.testing.assert_array_equal(Power(power=0.0).forward([odd], [])[0], [1, 1, 1])
    np.testing.assert_array_equal(Power(power=2.0, scale=0.0, shift=3.0).forward([odd], [])[0], [9, 9, 9])
    np.testing.assert_array_equal(Power(power=0.0, scale=0.0, shift=0.0).forward([odd], [])[0], [1, 1, 1])
    assert math.isnan(Power(power=0.5).forward([np.array([-1.0])], [])[0][0])


def test_threshold_is_strict():
    np.testing.assert_array_equal(Threshold(threshold=2.0).forward([np.array([2.0, 2.5])], [])[0], [0, 1])


def test_bnll_does_not_overflow():
    np.testing.assert_array_equal(BNLL().forward([np.array([1e4, -1e4], np.float32)], [])[0], [1e4, 0])


@pytest.mark.parametrize("layer", [Exp(base=0.0), Exp(base=-2.0), Log(base=0.0), Log(base=1.0), Log(base=-3.0)])
def test_bases_that_caffe_refuses(layer):
    with pytest.raises(ShapeError):
        layer.infer(((1,),))


def test_clip_needs_both_bounds():
    with pytest.raises(ValueError, match="Clip needs max"):
        Clip.parsed({"min": 0.0})


def test_only_absval_is_refused_in_place():
    assert [type(row[0]).__name__ for row in TABLE if not row[0].in_place] == ["AbsVal"]
