"""Calls that leave no layer, and those that look like them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images, layers


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.relu().contiguous(),
        lambda x: x.relu().clone(),
        lambda x: x.relu().detach(),
        lambda x: x.relu().to(torch.float32),
        lambda x: x.relu().double().float(),
        lambda x: x.relu().type_as(x),
        lambda x: x.relu().to("cpu"),
        lambda x: x.relu().to(memory_format=torch.channels_last),
        lambda x: nn.functional.dropout(x.relu(), 0.5, training=False),
    ],
)
def test_identity(function):
    assert layers(converted(Calls(function), images(1, 3, 4, 5))) == ["ReLU"]


@pytest.mark.parametrize(
    "module", [nn.Dropout(), nn.Dropout2d(), nn.AlphaDropout(), nn.Dropout(inplace=True)], ids=repr
)
def test_dropout_in_eval_mode(module):
    assert layers(converted(nn.Sequential(nn.ReLU(), module), images(1, 3, 4, 5))) == ["ReLU"]


def test_a_dropout_that_stays_in_training_mode_is_refused():
    with pytest.raises(ConversionError, match="it drops different numbers at every run"):
        convert(Calls(nn.functional.dropout), (images(1, 3, 4, 5),))


def test_integers_become_floats_and_not_the_other_way():
    net = convert(Calls(lambda x: x.float() * 0.5), (torch.zeros(1, 3, 4, 5, dtype=torch.uint8),))
    assert layers(net) == ["Power"]
    assert any("uint8 in torch" in note.text for note in net.notes)
    with pytest.raises(ConversionError, match="turns float32 into int32"):
        convert(Calls(lambda x: x.int().float()), (images(1, 3),))
