"""Poolings against torch: sizes rounded down and up, counted padding and boxes."""

from __future__ import annotations

import pytest
from torch import nn
from torch.nn import functional as F

from caffe_ir.errors import ConversionError
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import NCNN
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images, layers

STEPS = [(3, 2, 1), (3, 2, 0), (2, 2, 0), (5, 1, 2), (3, 3, 1), (2, 1, 0), (1, 2, 0), ((3, 2), (2, 1), (1, 0))]


@pytest.mark.parametrize("size", [(8, 8), (9, 7), (12, 15)], ids=str)
@pytest.mark.parametrize("ceil", [False, True], ids=["floor", "ceil"])
@pytest.mark.parametrize(("kernel", "stride", "padding"), STEPS, ids=str)
def test_pooling_floor_and_ceil(kernel, stride, padding, ceil, size):
    """Practitioners' pitfall: PyTorch rounds sizes down unless asked, Caffe rounds up always."""
    x = images(2, 3, *size)
    converted(nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil), x)
    converted(nn.AvgPool2d(kernel, stride, padding, ceil_mode=ceil), x)
    converted(nn.AvgPool2d(kernel, stride, padding, ceil_mode=ceil, count_include_pad=False), x)


@pytest.mark.parametrize("divisor", [1, 3, 9])
def test_divisor_override(divisor):
    converted(nn.AvgPool2d(3, 2, 1, divisor_override=divisor), images(1, 2, 9, 8))


def test_pooling_kernels_over_32():
    """Practitioners' pitfall: tool chains convert a kernel over 32 and fail at inference; here it is at least exact."""
    converted(nn.AvgPool2d(40, 1), images(1, 2, 44, 41))
    converted(nn.MaxPool2d(35, 2), images(1, 2, 44, 41))


DILATED = [
    (3, 1, 1, 2),
    (3, 2, 1, 2),
    (3, 3, 1, 2),
    (2, 1, 0, 5),
    (4, 4, 2, 6),
    (3, 1, (1, 0), (2, 1)),
    ((1, 3), (2, 1), (0, 1), (3, 3)),
]


@pytest.mark.parametrize("size", [(12, 12), (13, 11), (14, 19)], ids=str)
@pytest.mark.parametrize("ceil", [False, True], ids=["floor", "ceil"])
@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation"), DILATED, ids=str)
def test_dilated_max_pooling(kernel, stride, padding, dilation, ceil, size):
    x = images(2, 3, *size) - 3  # a border of zeros would be seen
    if isinstance(dilation, int) and dilation == 6:
        x = images(2, 3, *(length + 8 for length in size)) - 3
    converted(nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil), x)


@pytest.mark.parametrize("ceil", [False, True], ids=["floor", "ceil"])
def test_dilated_max_pooling_of_rows_and_of_boxes(ceil):
    converted(nn.MaxPool1d(3, 2, 1, dilation=3, ceil_mode=ceil), images(2, 3, 20) - 3)
    converted(nn.MaxPool1d(2, 1, dilation=4, ceil_mode=ceil), images(3, 19) - 3)
    converted(nn.MaxPool3d(2, (1, 2, 3), 1, dilation=(1, 2, 3), ceil_mode=ceil), images(1, 2, 5, 9, 8) - 3)


@pytest.mark.parametrize(
    "module",
    [
        nn.MaxPool1d(3, 2, 1),
        nn.AvgPool1d(3, 2, 1),
    ],
    ids=repr,
)
def test_pooling_of_one_axis(module):
    converted(module, images(2, 3, 12))


@pytest.mark.parametrize(
    "module",
    [
        nn.MaxPool3d(3, 2, 1),
        nn.AvgPool3d(2),
        nn.AvgPool3d(3, 2, 1),
        nn.AvgPool3d(3, 2, 1, count_include_pad=False, ceil_mode=True),
        nn.AvgPool3d((1, 2, 3), divisor_override=5),
    ],
    ids=repr,
)
def test_pooling_of_boxes(module):
    converted(module, images(1, 2, 6, 7, 8))


class Unpooled(nn.Module):
    """A map of the size of the input, as of SegNet's decoders."""

    def __init__(self, *args, **kwargs):
        super().__init__()
        self.pool = nn.MaxPool2d(*args, **kwargs)
        self.pool.return_indices = True
        self.unpool = nn.MaxUnpool2d(self.pool.kernel_size, self.pool.stride)

    def forward(self, x):
        y, where = self.pool(x)
        return self.unpool(2 * y - 1, where, output_size=x.shape[2:])


@pytest.mark.parametrize("size", [(8, 6), (9, 6), (9, 11)], ids=str)
@pytest.mark.parametrize("ceil", [False, True], ids=["floor", "ceil"])
@pytest.mark.parametrize("window", [(2, 2), (3, 3), ((2, 3), (2, 3)), (2, 3)], ids=str)
def test_unpooling_by_the_indices_of_a_maximum(window, ceil, size):
    converted(Unpooled(*window, ceil_mode=ceil), images(2, 3, *size))
    converted(Unpooled(*window, ceil_mode=ceil), images(2, 3, *size).round())  # equal maxima


def test_indices_that_no_layer_can_follow_are_refused_where_they_are_read():
    with pytest.raises(ConversionError, match="the indices of a max pooling"):
        convert(Unpooled(1, 2, dilation=2).eval(), (images(1, 1, 8, 8),))
    for module in (Unpooled(3, 1), Unpooled(3, 2, 1)):
        with pytest.raises(ConversionError, match="overlap"):
            converted(module, images(1, 1, 8, 8))
    kept = Calls(lambda x: F.max_pool2d(x, 2, return_indices=True)[0])
    assert layers(converted(kept, images(1, 1, 4, 4))) == ["Pooling"]
    boxes = Calls(lambda x: F.max_pool3d(x, 2, return_indices=True))
    with pytest.raises(ConversionError, match="the indices of a max pooling"):
        convert(boxes, (images(1, 2, 4, 4, 4),))


@pytest.mark.parametrize("size", [(8, 8), (9, 7)], ids=str)
@pytest.mark.parametrize("ceil", [False, True], ids=["floor", "ceil"])
@pytest.mark.parametrize(("kernel", "stride", "padding"), STEPS, ids=str)
def test_indices_are_an_output(kernel, stride, padding, ceil, size):
    pool = nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil, return_indices=True)
    converted(pool, images(2, 3, *size) - 3)
    converted(pool, images(2, 3, *size).round() - 3)  # equal maxima


def test_indices_of_rows_and_of_one_image():
    converted(nn.MaxPool1d(3, 2, 1, return_indices=True), images(2, 3, 12).round())
    converted(nn.MaxPool1d(3, 2, return_indices=True), images(3, 12).round())
    converted(nn.MaxPool2d(3, 2, return_indices=True), images(3, 9, 8).round())


def test_an_output_of_indices_for_a_target_without_them_is_refused():
    net = converted(Calls(lambda x: F.max_pool2d(x, 2, return_indices=True)), images(1, 1, 4, 4), lowered=False)
    with pytest.raises(ConversionError, match="the places of its maxima"):
        lower(net, NCNN, Options())


def test_max_pooling_of_boxes_with_unread_indices():
    converted(Calls(lambda x: F.max_pool3d(x, 2, return_indices=True)[0]), images(2, 3, 5, 6, 7))
