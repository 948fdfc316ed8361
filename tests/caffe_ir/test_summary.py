"""Counts beside those of torch, and memory counted by hand."""

from __future__ import annotations

import numpy as np
import torch
from msgspec.structs import replace
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from caffe_ir.layers import Concat, Convolution, ReLU, Reshape
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.summary import summary
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.caffe_ir.build import add, net_of

MODULE = nn.Sequential(
    nn.Conv2d(3, 8, 3, 2, 1, bias=False),
    nn.ReLU(),
    nn.Conv2d(8, 8, 3, 1, 1, groups=4),
    nn.ConvTranspose2d(8, 4, 2, 2),
    nn.Flatten(),
    nn.Linear(4 * 16 * 16, 10),
).eval()


def test_products_and_parameters_are_torchs() -> None:
    x = torch.zeros(1, 3, 16, 16)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        MODULE(x)
    found = summary(lower(convert(MODULE, (x,)), CAFFE, Options()))
    assert 2 * found.products == counter.get_total_flops()
    assert found.multiply_adds > found.products
    assert found.parameters == sum(parameter.numel() for parameter in MODULE.parameters())


CONVOLUTION = Convolution(num_output=2, kernel_size=(1, 1), bias_term=False)
WEIGHTS = np.zeros((2, 3, 1, 1), np.float32)


def test_memory() -> None:
    """data 48 numbers; a 32; r in place; b 32 from data; joined 64, at which a and b are still read; seen is a view."""
    net = net_of((1, 3, 4, 4))
    add(net, "a", CONVOLUTION, WEIGHTS)
    add(net, "r", ReLU(), in_place=True)
    add(net, "b", CONVOLUTION, WEIGHTS, bottoms=["data"])
    add(net, "joined", Concat(), bottoms=["r", "b"])
    add(net, "seen", Reshape(shape=(0, -1)))
    found = summary(net)
    assert [row.memory for row in found.rows] == [4 * 48, 4 * 32, 0, 4 * 32, 4 * 64, 0]
    assert found.memory == 4 * (48 + 32 + 32 + 64)
    assert found.working == 0
    assert found.peak == 4 * (32 + 32 + 64)


def test_shared_weights_count_once() -> None:
    net = net_of((1, 3, 4, 4))
    for name in ("a", "b"):
        node = add(net, name, CONVOLUTION, WEIGHTS, bottoms=["data"])
        net.update(node, replace(node, param_names=("w",)))
    assert [row.parameters for row in summary(net).rows] == [0, 6, 0]
