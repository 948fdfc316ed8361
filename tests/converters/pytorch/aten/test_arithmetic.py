"""Arithmetic against torch: numbers, constants, broadcasting."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images, layers


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (lambda x: x + 6, ["Power"]),
        (lambda x: x * 6, ["Power"]),
        (lambda x: x * 2 + 1, ["Power"]),
        (lambda x: 1 - x, ["Power"]),
        (lambda x: x - 0.5, ["Power"]),
        (lambda x: x / 3, ["Power"]),
        (lambda x: x.relu() + 0, ["ReLU"]),
        (lambda x: x.relu() * 1, ["ReLU"]),
        (lambda x: torch.add(x, 3, alpha=2), ["Power"]),
        (lambda x: torch.rsub(x, 3, alpha=2), ["Power"]),
        (lambda x: x + torch.tensor([1.5]), ["Power"]),
        (lambda x: x * torch.full((1, 1, 1, 1), 2.5), ["Power"]),
    ],
)
def test_feature_map_plus_6_and_times_6(function, kinds):
    """Practitioners' pitfall: `featuremap + 6` has no blob for the constant."""
    assert layers(converted(Calls(function), images(2, 3, 4, 5))) == kinds


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (lambda x, y: x + y, ["Eltwise"]),
        (lambda x, y: x - y, ["Power", "Eltwise"]),
        (lambda x, y: torch.sub(x, y, alpha=3), ["Power", "Eltwise"]),
        (lambda x, y: torch.add(x, y, alpha=-2), ["Power", "Eltwise"]),
        (lambda x, y: x * y, ["Eltwise"]),
        (lambda x, y: x + x.mul_(1) + y, ["Eltwise", "Eltwise"]),
    ],
)
def test_two_activations_of_one_shape(function, kinds):
    assert layers(converted(Calls(function), images(2, 3, 4, 5), images(2, 3, 4, 5, seed=1))) == kinds


def test_se_block_is_one_scale():
    """Practitioners' pitfall: `x * y.expand_as(x)`; here with the broadcast alone."""
    net = converted(Calls(lambda x, y: x * y), images(2, 3, 4, 5), images(2, 3, 1, 1))
    assert layers(net)[-1] == "Scale"


@pytest.mark.parametrize("shape", [(2, 3, 1, 1), (1, 3, 1, 1), (2, 1, 4, 5), (3, 1, 1), (4, 5), (5,)], ids=str)
@pytest.mark.parametrize("function", [lambda x, y: x * y, lambda x, y: y + x, lambda x, y: y - x], ids=["*", "+", "-"])
def test_broadcasting_is_stated_exactly(function, shape):
    converted(Calls(function), images(2, 3, 4, 5), images(*shape, seed=1), lowered=False)


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (3, 4, 5), (2, 3, 4, 5), (4, 1)], ids=str)
@pytest.mark.parametrize("function", [torch.mul, torch.add, torch.sub], ids=["mul", "add", "sub"])
def test_constants_are_stated_exactly(function, shape):
    constant = images(*shape, seed=1)
    converted(Calls(lambda x: function(constant, x)), images(2, 3, 4, 5), lowered=False)


def test_integers_are_computed_as_far_as_floats_hold_them():
    numbers = torch.arange(1, 7).reshape(2, 3)
    for function in (lambda x: x + 1, lambda x: 3 - x, lambda x: x * x, lambda x: x.sum(1), lambda x: x.clamp(2, 4)):
        converted(Calls(lambda x, function=function: function(x)), numbers)
    converted(Calls(lambda x: x.sum((2, 3)) / (x > 0).sum().clamp(min=1)), images(2, 3, 4, 5))


def test_integers_that_wrap_are_refused():
    with pytest.raises(ConversionError, match="its self is of type uint8"):
        convert(Calls(lambda x: x + 1), (torch.arange(4, dtype=torch.uint8)[None],))
    with pytest.raises(ConversionError, match="Caffe does not round"):
        convert(Calls(lambda x: torch.div(x, 2, rounding_mode="floor")), (torch.arange(4)[None],))
