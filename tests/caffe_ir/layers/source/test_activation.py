"""Activations against torch, against real Darknet, and against tables worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special
from torch.nn import functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers import HardSwish, Mish
from caffe_ir.layers.source import (
    Erf,
    Gelu,
    GeluTanh,
    HardMish,
    HardSigmoid6,
    LHTan,
    NormalizeChannels,
    Plse,
    Ramp,
    Selu,
    Softplus,
)
from tests.oracles.darknet import Job, layer_outputs_of, needs_darknet

X = np.concatenate([np.linspace(-12, 12, 4801), np.linspace(-1e-3, 1e-3, 11), [-90.0, -4.0, 4.0, 90.0]])


def shown(value):
    """The same name in every process, also for a function."""
    return getattr(value, "__name__", None) or str(value)


def made(layer, x=X):
    (y,) = layer.forward([x], [])
    assert y.dtype == x.dtype
    assert y.shape == x.shape
    return y


def torchs(function, x=X):
    return function(torch.from_numpy(x)).numpy()


def test_mish_is_torchs():
    np.testing.assert_allclose(made(Mish()), torchs(F.mish), rtol=1e-8, atol=1e-12)  # torch: softplus(x) = x above 20
    np.testing.assert_allclose(made(Mish(), X.astype(np.float32)), torchs(F.mish), rtol=3e-6, atol=3e-7)


def test_mish_far_out_is_x_or_nothing():
    assert made(Mish(), np.array([-1000.0, 1000.0])).tolist() == [0, 1000]


def test_gelu_is_torchs_with_its_own_digits_and_nearly_with_darknets():
    root = np.sqrt(2 / np.pi)
    wanted = torchs(lambda x: F.gelu(x, approximate="tanh"))
    np.testing.assert_allclose(made(GeluTanh(linear=root, cubic=0.044715 * root)), wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(made(GeluTanh()), wanted, atol=2e-6)


def test_selu_is_torchs_with_its_digits():
    layer = Selu(alpha=1.6732632423543772848170429916717, scale=1.0507009873554804934193349852946)
    np.testing.assert_allclose(made(layer), torchs(F.selu), rtol=1e-12)


def test_hard_mish_by_hand():
    x = np.array([-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 7.0])
    assert made(HardMish(), x).tolist() == [0, 0, -0.375, -0.5, -0.375, 0, 0.5, 7]


@needs_darknet
def test_darknets_own(tmp_path):
    layers = {"selu": Selu(alpha=1.6732, scale=1.0507), "ramp": Ramp(), "plse": Plse(), "lhtan": LHTan()}
    x = X.astype(np.float32).reshape(2, 8, 7, -1)
    jobs = []
    for name in layers:
        cfg = tmp_path / f"{name}.cfg"
        _, c, h, w = x.shape
        cfg.write_text(f"[net]\nheight={h}\nwidth={w}\nchannels={c}\n[activation]\nactivation={name}\n")
        jobs.append(Job(cfg=cfg, weights=None, input=x))
    for layer, outputs in zip(layers.values(), layer_outputs_of(jobs), strict=True):
        wanted = outputs[0].values.reshape(x.shape)
        np.testing.assert_allclose(made(layer, x), wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("subtract_max", [False, True])
def test_channels_normalised_by_exp_are_a_softmax_with_a_constant_beside_the_channels(subtract_max):
    """e^x / (1e-4 + sum) is the Softmax over the channels and one more, of log(1e-4) above what is subtracted."""
    x = np.random.default_rng(0).normal(0, 4, (2, 5, 3, 4))
    top = x.max(axis=1, keepdims=True) if subtract_max else np.zeros((2, 1, 3, 4))
    wanted = special.softmax(np.concatenate([x, top + np.log(1e-4)], axis=1), axis=1)[:, :-1]
    np.testing.assert_allclose(made(NormalizeChannels(softmax=True, subtract_max=subtract_max), x), wanted, rtol=1e-12)


def test_channels_normalised_by_their_positive_parts():
    x = np.array([3.0, -1.0, 0.9999, 0.0]).reshape(1, 4, 1, 1)
    y = made(NormalizeChannels(softmax=False, subtract_max=False), x)
    np.testing.assert_allclose(y.ravel(), [0.75, 0, 0.249975, 0], rtol=1e-12)


def test_normalised_channels_need_channels_and_a_reason_for_the_maximum():
    with pytest.raises(ShapeError):
        NormalizeChannels(softmax=True, subtract_max=True).infer(((2, 3),))
    with pytest.raises(ShapeError):
        NormalizeChannels(softmax=False, subtract_max=True).infer(((1, 2, 3, 4),))


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (Gelu(), F.gelu),
        (Erf(), torch.erf),
        (HardSigmoid6(), F.hardsigmoid),
        (HardSwish(), F.hardswish),
        (Softplus(threshold=20.0), F.softplus),
        (Softplus(beta=2.0, threshold=3.0), lambda x: F.softplus(x, 2, 3)),
        (Softplus(beta=0.5, threshold=1000.0), lambda x: F.softplus(x, 0.5, 1000)),
    ],
    ids=shown,
)
def test_is_torchs(layer, function):
    np.testing.assert_allclose(made(layer), torchs(function), rtol=1e-12, atol=1e-13)
    assert made(layer, X.astype(np.float32)).dtype == np.float32


def test_gelu_is_x_times_the_normal_distribution_also_where_it_is_tiny():
    x = np.array([-30.0, -9.0, -1e-300, 0.5, 30.0])
    np.testing.assert_allclose(made(Gelu(), x), x * special.ndtr(x), rtol=1e-12)
