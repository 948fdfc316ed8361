"""Adaptive poolings against torch: windows of one size and of several, along one, two and three axes."""

from __future__ import annotations

import pytest
from torch import nn
from torch.nn import functional as F

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.aten.adaptive_pooling import adaptive_windows, regular
from tests.converters.pytorch.judge import Calls, converted, images, layers


@pytest.mark.parametrize(
    ("size", "output"),
    [((8, 8), 4), ((7, 7), 1), ((7, 6), (3, 2)), ((8, 8), 3), ((10, 7), (4, None)), ((5, 9), (2, 3)), ((3, 3), 7)],
    ids=str,
)
def test_adaptive_pooling(size, output):
    x = images(2, 3, *size)
    converted(nn.AdaptiveAvgPool2d(output), x)
    converted(Calls(lambda x: F.adaptive_max_pool2d(x, output)), x)


def test_adaptive_pooling_to_the_size_that_is_there_leaves_no_layer():
    assert layers(converted(nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(7)), images(1, 2, 7, 7))) == ["ReLU"]


def test_adaptive_pooling_to_one_cell_is_one_layer():
    assert layers(converted(nn.AdaptiveAvgPool2d(1), images(1, 2, 7, 5))) == ["Pooling"]


@pytest.mark.parametrize(
    "module", [nn.AdaptiveAvgPool1d(3), nn.AdaptiveAvgPool1d(1), nn.AdaptiveMaxPool1d(4)], ids=repr
)
def test_adaptive_pooling_of_one_axis(module):
    converted(module, images(2, 3, 12))


@pytest.mark.parametrize("size", [1, 2, (2, 3, 4), (5, 3, 7), (1, None, 2), (7, 2, 9)])
@pytest.mark.parametrize("kind", [nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool3d])
def test_adaptive_pooling_of_boxes(kind, size):
    converted(kind(size), images(2, 3, 5, 6, 7))


def test_windows_of_equal_size_and_step_are_a_plain_pooling():
    assert regular(adaptive_windows(7, 3)) == (3, 2)  # [0, 3) [2, 5) [4, 7)
    assert regular(adaptive_windows(12, 4)) == (3, 3)
    assert regular(adaptive_windows(8, 3)) is None  # [0, 3) [2, 6) [5, 8)
    assert layers(converted(nn.AdaptiveAvgPool2d(3), images(1, 1, 7, 7))) == ["Pooling"]


def test_indices_where_the_windows_are_of_one_size_and_one_step_apart():
    converted(nn.AdaptiveMaxPool2d((4, 3), return_indices=True), images(2, 3, 8, 9).round() - 3)
    converted(nn.AdaptiveMaxPool2d(1, return_indices=True), images(2, 3, 8, 9).round())
    converted(nn.AdaptiveMaxPool1d(3, return_indices=True), images(2, 3, 9).round())
    with pytest.raises(ConversionError, match="the indices of a max pooling"):
        convert(nn.AdaptiveMaxPool2d(3, return_indices=True).eval(), (images(1, 1, 8, 8),))
