"""Products and running extremes against torch."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images, layers

X = images(2, 7, 3, 4)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("keepdim", [False, True])
def test_products(axis, keepdim):
    converted(Calls(lambda x: x.prod(axis, keepdim=keepdim)), X)


def test_the_product_of_all():
    converted(Calls(lambda x: (x.abs() + 0.5).prod().reshape(1)), X)


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "function", [torch.cumprod, lambda x, axis: x.cummax(axis)[0], lambda x, axis: x.cummin(axis)[0]]
)
def test_running(function, axis):
    converted(Calls(lambda x: function(x, axis)), X)


def test_steps_are_few():
    kinds = layers(converted(Calls(lambda x: x.cumprod(1)), images(2, 8, 3, 4)))
    assert kinds.count("Eltwise") == kinds.count("Concat") == 3


def test_the_place_of_a_running_extreme_is_refused():
    with pytest.raises(ConversionError, match="the place of a running extreme"):
        convert(Calls(lambda x: x.cummax(1)[1].float()), (X,))
