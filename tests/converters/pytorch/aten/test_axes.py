"""Permutations, parts and repetition against torch."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images, layers


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (lambda x: x.permute(0, 2, 3, 1), ["Permute"]),
        (lambda x: x.permute(0, -1, 1, 2), ["Permute"]),
        (lambda x: x.transpose(1, 2), ["Permute"]),
        (lambda x: x.transpose(-2, -1), ["Permute"]),
        (lambda x: x.swapaxes(0, 3), ["Permute"]),
        (lambda x: x.swapdims(2, 1), ["Permute"]),
        (lambda x: x.mT, ["Permute"]),
        (lambda x: x.flatten(1).t(), ["Flatten", "Permute"]),
        (lambda x: x.flatten(1).T, ["Flatten", "Permute"]),
        (lambda x: x.movedim(1, -1), ["Permute"]),
        (lambda x: x.moveaxis((0, 1), (2, 0)), ["Permute"]),
        (lambda x: x[:, :1].transpose(1, 2), ["Gather", "Reshape"]),
        (lambda x: x.permute(0, 1, 2, 3).relu(), ["ReLU"]),
    ],
)
def test_axes_in_another_order(function, kinds):
    assert layers(converted(Calls(function), images(2, 3, 4, 5), lowered=False)) == kinds
    converted(Calls(lambda x: function(x) * 2), images(2, 3, 4, 5))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[:, 1:3],
        lambda x: x[:, -2:],
        lambda x: x[:, :, 1:],
        lambda x: x[:, :, :, ::2],
        lambda x: x[:, 1::2],
        lambda x: x[..., 1:4:2],
        lambda x: x.narrow(1, 2, 2),
        lambda x: x.narrow(2, -3, 2),
        lambda x: x[:, 2],
        lambda x: x[:, -1],
        lambda x: x[0],
        lambda x: x.select(3, 1),
        lambda x: x[:, :, None, 1:2],
        lambda x: x[:, 0:4:2] + x[:, 1:4:2],
        lambda x: x[:, :2] * x[:, 2:],
        lambda x: x[:, 0] + x[:, 1] * 2 + x[:, 3] * 3,
    ],
)
def test_parts(function):
    converted(Calls(lambda x: function(x) * 2), images(2, 4, 6, 5))


def test_the_whole_is_nothing():
    assert layers(converted(Calls(lambda x: x.relu()[:, 0:][:, :9]), images(2, 4, 6, 5))) == ["ReLU"]


def test_nothing_is_refused():
    with pytest.raises(ConversionError, match="takes nothing"):
        convert(Calls(lambda x: x[:, 4:].sum()), (images(2, 4),))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_unbind(axis):
    module = Calls(lambda x: tuple(part * (number + 2) for number, part in enumerate(x.unbind(axis))))
    assert layers(converted(module, images(2, 4, 3)))[0] == "Slice"


def test_unbind_of_one():
    assert "Slice" not in layers(converted(Calls(lambda x: x.unbind(1)[0] * 2), images(2, 1, 3)))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_stack(axis):
    converted(Calls(lambda x, y: torch.stack([x, y, x], axis)), images(2, 3, 4), images(2, 3, 4, seed=1))


def test_stack_of_a_constant():
    token = images(2, 3, seed=1)
    converted(Calls(lambda x: torch.stack([x * 2, token], 1)), images(2, 3))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.expand(4, 2, 3, 1),
        lambda x: x.expand(-1, -1, 5),
        lambda x: x[:, :1].expand(-1, 4, 6),
        lambda x: torch.broadcast_to(x, (3, 2, 3, 2)),
        lambda x: x.repeat(1, 2, 3),
        lambda x: x.repeat(2, 1, 1, 2),
        lambda x: x.tile(2),
        lambda x: x.repeat_interleave(2, 1),
        lambda x: x.repeat_interleave(3, -1),
        lambda x: x.repeat_interleave(2),
        lambda x: x.unsqueeze(1).expand(-1, 1, -1, -1),
    ],
)
def test_repetition(function):
    converted(Calls(lambda x: function(x) * 2), images(2, 3, 1))


def test_squeeze_and_excitation_by_expand_as_is_one_scale():
    """x * y.expand_as(x)"""
    net = converted(Calls(lambda x: x * x.mean((2, 3), keepdim=True).sigmoid().expand_as(x)), images(2, 3, 4, 5))
    assert layers(net)[-1] == "Scale"
    assert "Tile" not in layers(net)


def test_shuffled_channels_cost_one_slice_and_one_concat():
    def shuffle(x):
        return x.view(2, 2, 16, 28, 28).transpose(1, 2).contiguous().view(2, 32, 28, 28)

    assert layers(converted(Calls(shuffle), images(2, 32, 28, 28))) == ["Reshape", "Slice", "Concat", "Reshape"]
