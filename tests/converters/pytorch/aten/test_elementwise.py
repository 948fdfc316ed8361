"""Functions of single values, extremes and sums of products against torch."""

from __future__ import annotations

import pytest
import torch

from tests.converters.pytorch.judge import Calls, converted, images, layers

X = 2 * images(2, 3, 4, 5)
C = torch.tensor([-1.0, 0.5, 2.0]).reshape(3, 1, 1)


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (torch.abs, ["AbsVal"]),
        (torch.neg, ["Power"]),
        (torch.square, ["Power"]),
        (lambda x: x.exp().sqrt(), ["Exp", "Power"]),
        (lambda x: x.exp().rsqrt(), ["Exp", "Power"]),
        (torch.reciprocal, ["Power"]),
        (lambda x: x**3, ["Power"]),
        (lambda x: x**1, ["Reshape"]),  # the input itself: a copy of it is the output
        (lambda x: x.exp() ** 0.3, ["Exp", "Power"]),
        (lambda x: x**-2, ["Power"]),
        (lambda x: 2.5**x, ["Power", "Exp"]),
        (lambda x: 1**x, ["Power", "Exp"]),
        (torch.exp2, ["Power", "Exp"]),
        (torch.expm1, ["Exp", "Power"]),
        (lambda x: x.exp().log(), ["Exp", "Log"]),
        (lambda x: x.exp().log2(), ["Exp", "Log", "Power"]),
        (lambda x: x.exp().log10(), ["Exp", "Log", "Power"]),
        (lambda x: x.exp().log1p(), ["Exp", "Power", "Log"]),
        (torch.sign, ["Threshold", "Power", "Threshold", "Power", "Eltwise"]),
        (lambda x: x.clamp(-0.5, 0.7), ["Power", "ReLU", "Power", "ReLU", "Power"]),
        (lambda x: x.clamp_min(0), ["ReLU"]),
        (lambda x: x.clamp_max(0.3), ["Power", "ReLU", "Power"]),
        (lambda x: x.clamp(2, 1), ["Power"]),
        (lambda x: x.clamp(min=C), ["Scale", "ReLU", "Scale"]),
        (lambda x: torch.maximum(x, C), ["Scale", "ReLU", "Scale"]),
        (lambda x: torch.minimum(C, x), ["Scale", "ReLU", "Scale"]),
        (lambda x: torch.maximum(x, -x), ["Power", "Eltwise"]),
        (lambda x: torch.minimum(x, x**2), ["Power", "Power", "Scale", "Eltwise", "Power"]),
        (lambda x: torch.max(x, x.mean((2, 3), keepdim=True)), ["Pooling", "Deconvolution", "Eltwise"]),
        (lambda x: torch.addcmul(x, x, C), ["Scale", "Eltwise"]),
        (lambda x: torch.addcmul(x, x, x.relu(), value=0.5), ["ReLU", "Eltwise", "Power", "Eltwise"]),
        (lambda x: torch.addcdiv(x, x, x.exp(), value=2), ["Exp", "Power", "Eltwise", "Power", "Eltwise"]),
        (lambda x: torch.lerp(x, x.relu(), 0.3), ["ReLU", "Power", "Power", "Eltwise"]),
    ],
)
def test_function(function, kinds):
    assert layers(converted(Calls(function), X)) == kinds


@pytest.mark.parametrize("function", [torch.erf, torch.special.erf, lambda x: x.clone().erf_()])
def test_erf_has_no_layer_in_caffe_and_agrees_to_1e_12(function):
    net = converted(Calls(function), X)
    assert len(layers(net)) == 17
    assert "Erf -> 17 layers, off by 1.02e-12" in "".join(note.text for note in net.notes)


def test_erf_by_hand_makes_torchs_gelu():
    converted(Calls(lambda x: 0.5 * x * (1 + torch.erf(x / 2**0.5))), X)


def test_clamps_that_guard_half_precision_cost_no_digits():
    """65504 must not be added and taken away again."""
    net = converted(Calls(lambda x: x.clamp(-65504, 65504)), X)
    assert "ReLU" not in layers(net)


@pytest.mark.parametrize(
    "function",
    [
        torch.special.erfc,
        torch.sinh,
        torch.cosh,
        lambda x: torch.hypot(x, x.flip(1)),
        lambda x: torch.logaddexp(x, x.flip(1) * 3),
        lambda x: torch.logit(torch.sigmoid(x)),
        lambda x: torch.logit(torch.sigmoid(x), eps=0.25),
        lambda x: torch.fmax(x, x.flip(1)),
    ],
)
def test_functions_of_several_layers(function):
    converted(Calls(function), images(2, 3, 4, 5))
