"""The same numbers in other places, against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Beside, Calls, converted, images, layers


@pytest.mark.parametrize(
    ("module", "shape", "kinds"),
    [
        (nn.PixelShuffle(2), (2, 12, 3, 4), ["Deconvolution"]),
        (nn.PixelShuffle(3), (18, 3, 4), ["Reshape", "Deconvolution", "Reshape"]),
        (nn.PixelUnshuffle(2), (2, 3, 4, 6), ["Convolution"]),
        (nn.ChannelShuffle(3), (2, 6, 4, 5), ["Convolution"]),
        (nn.ChannelShuffle(8), (2, 64, 16, 20), ["Reshape", "Slice", "Concat", "Reshape"]),
        (nn.Unfold(3, padding=1, stride=2), (2, 3, 7, 6), ["Convolution", "Reshape"]),
        (nn.Unfold((2, 3), dilation=(2, 1)), (2, 3, 7, 6), ["Convolution", "Reshape"]),
        (nn.Fold((6, 7), 3, padding=1), (2, 27, 42), ["Reshape", "Deconvolution"]),
    ],
    ids=str,
)
def test_shuffles_and_windows(module, shape, kinds):
    assert layers(converted(module, images(*shape))) == kinds


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.roll(1, 2),
        lambda x: x.roll((-3, -3), (2, 3)),
        lambda x: x.roll(4),
        lambda x: x.flip(1),
        lambda x: x.flip(2, 3),
        lambda x: x.flip(0),
        lambda x: x[:, [2, 0]],
        lambda x: x[..., torch.tensor([4, -1, 0])],
        lambda x: x[:, :, torch.tensor([[0, 1], [2, 3]])],
        lambda x: x[:, :, torch.tensor([0, 1, 3]), torch.tensor([4, 2, 0])],
        lambda x: x.index_select(3, torch.tensor([4, 0, 0])),
    ],
)
def test_other_places(function):
    converted(Calls(function), images(2, 3, 4, 5))


def test_rolls_cancel_in_values():
    net = converted(Calls(lambda x: x.roll((2, 1), (2, 3)).roll((-2, -1), (2, 3))), images(1, 3, 40, 50))
    assert layers(net) == ["Slice", "Concat"] * 4


def test_indices_that_the_input_decides_are_refused():
    with pytest.raises(ConversionError, match="reads the same cells every time"):
        convert(Calls(lambda x: x[:, x[0, :, 0, 0].argmax().reshape(1)]), (images(2, 3, 4, 5),))


def test_windows_that_leave_cells_out():
    converted(Calls(lambda x: F.fold(x, (6, 7), 2, stride=2)), images(1, 8, 9))
    converted(Calls(lambda x: F.fold(x, (8, 12), 3, padding=1, stride=2)), images(2, 18, 24))


def test_shuffles_of_more_than_four_axes():
    converted(Calls(lambda x: F.pixel_shuffle(x, 2)), images(2, 3, 8, 4, 5))
    converted(Calls(lambda x: F.pixel_unshuffle(x, 2)), images(2, 3, 2, 4, 6))


def test_indices_of_axes_that_are_apart_go_to_the_front():
    x = images(2, 3, 4, 5)
    first, second = torch.tensor([0, 2, 1]), torch.tensor([4, 0, -1])
    converted(Beside(lambda x, i, j: x[:, i, :, j], first, second), x)
    converted(Beside(lambda x, i, j: x[:, i[:, None], :, j], first, second), x)
    converted(Calls(lambda x: x[torch.tensor([0, 1]), :, torch.tensor([0, 1])]), x)


def test_constant_indices_and_masks():
    x, places, mask = images(2, 6, 4, 5), torch.tensor([4, 0, -1]), torch.tensor([1, 0, 0, 1, 1, 0]).bool()
    converted(Beside(lambda x, i: x[..., i], places), x)
    converted(Beside(lambda x, i, j: x[:, i, j], places, torch.tensor([[1], [2]])), x)
    converted(Beside(lambda x, m: x[:, m], mask), x)
    converted(Beside(lambda x, m, i: x[:, m, i], mask, torch.tensor([2, 0, 3])), x)
    converted(Beside(lambda x, m: x[:, :, m], torch.arange(20).reshape(4, 5) % 3 == 1), x)
