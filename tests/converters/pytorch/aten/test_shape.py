"""Changes of shape, joining and cutting against torch."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images, layers


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (lambda x: x.flatten(1), ["Flatten"]),
        (lambda x: x.flatten(), ["Reshape"]),
        (lambda x: x.flatten(2), ["Reshape"]),
        (lambda x: x.view(2, 3, 20), ["Reshape"]),
        (lambda x: x.view(x.size(0), -1), ["Flatten"]),
        (lambda x: x.reshape(-1, 5), ["Reshape"]),
        (lambda x: x.relu().view(2, 3, 4, 5), ["ReLU"]),
        (lambda x: x.unsqueeze(1), ["Reshape"]),
        (lambda x: x.unsqueeze(-1).squeeze(-1), ["Reshape", "Reshape"]),
        (lambda x: x.unflatten(1, (1, 3)), ["Reshape"]),
        (lambda x: x.view(2, 60).view_as(x), ["Flatten", "Reshape"]),
    ],
)
def test_reshaped(function, kinds):
    assert layers(converted(Calls(function), images(2, 3, 4, 5), lowered=False)) == kinds


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_cat(axis):
    net = converted(Calls(lambda x, y: torch.cat([x, y, x], axis)), images(2, 3, 4, 5), images(2, 3, 4, 5, seed=1))
    assert layers(net) == ["Scale", "Concat"]  # a copy: caffe2onnx takes a blob once


def test_cat_of_one_is_nothing_and_of_a_constant_has_a_parameter():
    x = images(2, 3, 4, 5)
    assert layers(converted(Calls(lambda x: torch.cat([x.relu()], 1)), x)) == ["ReLU"]
    token = images(2, 1, 4, 5, seed=1)
    assert layers(converted(Calls(lambda x: torch.cat([token, x], 1)), x)) == ["Parameter", "Concat"]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.cat([x[:, :0], x[:, 0:].relu()], 1),
        lambda x: torch.cat([x.relu(), x[:, :, 4:]], 2),
        lambda x: torch.cat([x[:, :, 4:] * 2 + 1, x.relu(), x[:, :, :0].sigmoid()], 2),
    ],
)
def test_cat_leaves_out_what_has_no_numbers(function):
    assert layers(converted(Calls(function), images(2, 3, 4, 5))) == ["ReLU"]


@pytest.mark.parametrize(
    "cut",
    [
        lambda x: x.chunk(2, 1),
        lambda x: x.chunk(3, -1),
        lambda x: x.split(2, 1),
        lambda x: torch.split(x, [1, 4, 1], 1),
        lambda x: torch.tensor_split(x, 4, 1),
        lambda x: torch.tensor_split(x, [1, 3], 1),
    ],
)
def test_pieces(cut):
    module = Calls(lambda x: tuple(part * (number + 2) for number, part in enumerate(cut(x))))
    assert layers(converted(module, images(2, 6, 4, 5)))[0] == "Slice"


def test_one_piece_is_nothing():
    assert layers(converted(Calls(lambda x: x.relu().chunk(1, 1)[0]), images(2, 6, 4, 5))) == ["ReLU"]


def test_an_empty_piece_is_refused():
    with pytest.raises(ConversionError, match="one of its pieces is empty"):
        convert(Calls(lambda x: torch.split(x, [0, 6], 1)[1]), (images(2, 6, 4, 5),))
