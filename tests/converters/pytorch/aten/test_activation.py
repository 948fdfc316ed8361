"""Activations against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
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


@pytest.mark.parametrize(
    ("module", "kinds"),
    [
        (nn.Hardswish(), ["Power", "ReLU", "Power", "ReLU", "Eltwise"]),
        (nn.Hardsigmoid(), ["Power", "ReLU", "Power", "ReLU"]),
        (nn.GELU("tanh"), ["Eltwise", "Power", "Eltwise", "Sigmoid", "Eltwise"]),
        (nn.Softplus(), ["BNLL"]),
        (nn.Softplus(2, 3), ["Power", "BNLL", "Threshold", "Power", "Eltwise", "Eltwise", "Eltwise", "Power"]),
        (nn.SELU(), ["ELU", "Power"]),
        (nn.CELU(), ["ELU"]),
        (nn.CELU(0.7), ["Power", "ELU", "Power"]),
        (nn.LogSigmoid(), ["Power", "BNLL", "Power"]),
        (nn.Softsign(), ["AbsVal", "Power", "Eltwise"]),
        (nn.Tanhshrink(), ["TanH", "Power", "Eltwise"]),
        (nn.Softshrink(0.3), ["Power", "ReLU", "Power", "ReLU", "Power", "Eltwise"]),
        (nn.Hardshrink(0.3), ["AbsVal", "Threshold", "Eltwise"]),
        (nn.Threshold(0.1, 20.0), ["Threshold", "Eltwise", "Power", "Eltwise"]),
        (nn.Threshold(0.1, 0.0), ["Threshold", "Eltwise"]),
        (nn.Threshold(0.1, 0.1), ["Power", "Eltwise"]),
        (nn.Threshold(0.0, 0.0), ["ReLU"]),
        (nn.RReLU(0.1, 0.4), ["ReLU"]),
        (nn.GLU(0), ["Slice", "Sigmoid", "Eltwise"]),
        (nn.Softmax(1), ["Softmax"]),
        (nn.Softmin(1), ["Power", "Softmax"]),
    ],
    ids=repr,
)
def test_an_activation_that_caffe_lacks(module, kinds):
    assert layers(converted(module, 6 * images(2, 5, 4, 3))) == kinds


def test_gelu_has_no_layer_in_caffe_and_agrees_to_1e_9():
    net = converted(nn.GELU(), 6 * images(2, 5, 4, 3))
    assert len(layers(net)) == 8
    assert "off by 5.8e-10" in "".join(note.text for note in net.notes)


def test_rrelu_in_training_mode_is_refused():
    with pytest.raises(ConversionError, match="different slopes"):
        convert(Calls(lambda x: torch.nn.functional.rrelu(x, training=True)), (images(1, 3, 4, 5),))


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 3), (2, 5, 3, 4), (2, 5, 2, 3, 2)], ids=str)
def test_prelu_of_every_rank(shape):
    module = nn.PReLU(5)
    module.weight.data = torch.linspace(-0.5, 0.7, 5)
    assert [kind for kind in layers(converted(module, images(*shape))) if kind != "Reshape"] == ["PReLU"]


def test_celu_of_a_negative_alpha():
    converted(nn.CELU(-0.5), images(2, 3, 4, 5))


def test_prelu_of_boxes_with_one_slope():
    converted(nn.Sequential(nn.Conv3d(2, 3, 1), nn.PReLU()), images(1, 2, 3, 4, 5))
