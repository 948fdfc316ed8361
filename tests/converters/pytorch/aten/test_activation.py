"""Activations against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.converters.pytorch.judge import Calls, converted, images, layers


@pytest.mark.parametrize(
    "module",
    [
        nn.ReLU(),
        nn.ReLU(inplace=True),
        nn.ReLU6(),
        nn.Hardtanh(),
        nn.Hardtanh(-0.5, 2.0),
        nn.LeakyReLU(),
        nn.LeakyReLU(0.1, inplace=True),
        nn.PReLU(),
        nn.PReLU(5),
        nn.ELU(),
        nn.ELU(0.5),
        nn.Sigmoid(),
        nn.Tanh(),
        nn.SiLU(),
        nn.Mish(),
        Calls(torch.nn.functional.relu6),
    ],
    ids=repr,
)
def test_activation(module):
    if isinstance(module, nn.PReLU):
        module.weight.data = torch.linspace(-0.5, 0.7, module.num_parameters)
    converted(module, 3 * images(2, 5, 4, 3))


@pytest.mark.parametrize(("module", "kind"), [(nn.ReLU(), "ReLU"), (nn.PReLU(5), "PReLU"), (nn.ELU(), "ELU")], ids=repr)
def test_an_activation_that_caffe_has_is_one_layer(module, kind):
    assert layers(converted(module, images(2, 5, 4, 3))) == [kind]


def test_prelu_of_rows():
    converted(nn.PReLU(5), images(4, 5))
