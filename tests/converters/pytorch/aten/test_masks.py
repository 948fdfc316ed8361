"""Comparisons, masks and choices against torch."""

from __future__ import annotations

import operator

import numpy as np
import pytest
import torch

from caffe_ir.errors import ConversionError
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images

X = images(2, 3, 4, 5)
MASK = torch.ones(4, 5).triu(1).bool()
COMPARISONS = [operator.gt, operator.ge, operator.lt, operator.le]


@pytest.mark.parametrize("compare", COMPARISONS)
def test_comparisons_at_the_bound_itself(compare):
    """Threshold says x > t only; the input holds the bound, and the numbers next to it."""
    bound = np.float32(0.3)
    near = [bound, np.nextafter(bound, np.float32(1)), np.nextafter(bound, np.float32(0)), np.float32(-0.3)]
    x = torch.tensor(near).reshape(1, 4)
    module = Calls(lambda x: compare(x, float(bound)).float())
    net = lower(convert(module, (x,)), CAFFE, Options())
    y = run(net, {net.nodes[0].top: x.numpy()})[net.outputs[0]]
    np.testing.assert_array_equal(y, module(x).numpy())


@pytest.mark.parametrize("compare", COMPARISONS)
def test_two_values_compared(compare):
    converted(Calls(lambda x: compare(x, x.mean(1, keepdim=True)).float()), X)
    converted(Calls(lambda x: compare(x, torch.tensor([-0.5, 0.0, 0.5]).reshape(3, 1, 1)) * x), X)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.where(x > 0, x, 0.1 * x),
        lambda x: torch.where(x >= 0.2, x, 7.0),
        lambda x: torch.where(x < 0.2, 7.0, x),
        lambda x: torch.where(MASK, x, x.relu()),
        lambda x: torch.where(MASK, x, torch.tensor(2.0)),
        lambda x: torch.where(MASK, torch.arange(5.0), x),
        lambda x: x.masked_fill(MASK, 3.0),
        lambda x: x.masked_fill(MASK, float("-inf")).softmax(-1),
        lambda x: x.masked_fill(x > 0.5, 0.5),
        lambda x: x * (x > 0),
        lambda x: x * ~(x > 0),
        lambda x: x * ((x > 0) & (x < 1)),
        lambda x: x * ((x < 0) | (x > 1)),
        lambda x: x * torch.logical_not(torch.logical_or(x > 1, x < -1)),
    ],
)
def test_choices(function):
    converted(Calls(function), X)


def test_a_constant_mask_is_not_a_layer_more_than_its_weights():
    net = converted(Calls(lambda x: x.masked_fill(MASK, 3.0)), X)
    assert {node.layer.type_name() for node in net.nodes} <= {"Input", "Scale", "Reshape"}


def test_infinite_numbers_that_a_computed_mask_chooses():
    converted(Calls(lambda x: torch.where(x > -1, x, float("-inf")).softmax(1)), X)
    converted(Calls(lambda x: x.masked_fill(x < -1, float("-inf")).softmax(1)), X)
    converted(Calls(lambda x: torch.zeros(4, 5, dtype=x.dtype).masked_fill(x < -1, float("-inf")).softmax(1)), X)
    converted(Calls(lambda x: torch.where(x > -1, torch.arange(5, dtype=x.dtype), float("-inf")).softmax(1)), X)
    with pytest.raises(ConversionError, match="0 times infinity"):
        convert(Calls(lambda x: torch.where(x > 0, x, float("inf"))), (X,))
    with pytest.raises(ConversionError, match="0 times infinity"):
        convert(Calls(lambda x: torch.where(x > 0, float("inf"), float("-inf"))), (X,))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.where(x.relu() == 0, x, x * 2),
        lambda x: (x.relu() != x).float() + x,
        lambda x: (x == x.flip(1)).float() + x,
        lambda x: x * ((x > 0) ^ (x.flip(1) > 0)),
        lambda x: (x > 1).any(1).float() + x.mean(1),
        lambda x: (x > -1).all(1, keepdim=True).float() + x,
        lambda x: x.relu().any().float() + x,
        lambda x: x.relu().bool().float() + x,
        lambda x: torch.logical_not(x.relu()).float() + x,
        lambda x: ((x > 0).int() + (x > 1).int()).float(),
        lambda x: torch.cat([x > 0, x < 1], 1).float(),
        lambda x: (x > 0).flip(1).float(),
    ],
)
def test_truth_values(function):
    converted(Calls(function), X)


def test_bits_and_numbers_that_are_none_are_refused():
    with pytest.raises(ConversionError, match="the bits of integers"):
        convert(Calls(lambda x: torch.bitwise_and(x, x).float()), (torch.arange(4)[None],))
    with pytest.raises(ConversionError, match="which numbers are none"):
        convert(Calls(lambda x: torch.where(torch.ne(x, x), 0.0, x)), (X,))
