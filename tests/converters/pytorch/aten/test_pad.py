"""Borders against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.converters.pytorch.judge import Calls, converted, decomposed, images, layers


@pytest.mark.parametrize(
    ("sizes", "options"),
    [
        ((1, 2, 1, 2), {}),
        ((1, 2, 0, 2), {"value": 3.0}),
        ((-1, 2, 1, -1), {}),
        ((0, 0, 0, 0, 2, 5), {}),
        ((0, 0, 0, 0, 0, 0, 1, 0), {"value": -1.0}),
        ((1, 2, 2, 1), {"mode": "reflect"}),
        ((1, 2, 2, 1), {"mode": "replicate"}),
        ((1, 2, 2, 1), {"mode": "circular"}),
    ],
    ids=str,
)
def test_pad(sizes, options):
    converted(Calls(lambda x: F.pad(x, sizes, **options)), images(2, 3, 4, 5))


def test_f_pad_1_2_1_2():
    """Practitioners' pitfall: Caffe pads alike on both sides. One layer before a pooling, none before a convolution."""
    assert layers(converted(Calls(lambda x: F.pad(x, (1, 2, 1, 2))), images(2, 3, 4, 5))) == ["Convolution"]
    conv = nn.Sequential(nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(3, 4, 3))
    net = converted(conv, images(2, 3, 6, 5))
    assert [str(node.layer) for node in net.nodes[1:]] == ["Convolution(num_output=4, kernel_size=[4], pad=[2])"]


def test_channel_pad():
    """Practitioners' pitfall: zeros from a zero convolution; a Power with scale 0 needs no weights."""
    net = converted(Calls(lambda x: F.pad(x, (0, 0, 0, 0, 0, 2))), images(2, 3, 4, 5))
    assert layers(net) == ["Slice", "Power", "Concat"]


@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 2), (2, 2)])
def test_tensorflows_same_is_no_layer_of_its_own(kernel, stride, size):
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    sides = (total // 2, total - total // 2) * 2
    module = nn.Sequential(nn.ZeroPad2d(sides), nn.Conv2d(3, 6, kernel, stride, groups=3))
    assert layers(converted(module, images(1, 3, size, size))) == ["Convolution"]
    pooled = Calls(lambda x: F.max_pool2d(F.pad(x, sides, value=float("-inf")), kernel, stride))
    assert "Concat" not in layers(converted(pooled, images(1, 3, size, size)))


def test_pad_before_conv1d():
    module = nn.Sequential(nn.ConstantPad1d((2, 1), 0.0), nn.Conv1d(3, 4, 3))
    converted(module, images(2, 3, 9))


@pytest.mark.parametrize("module", [nn.ReflectionPad1d(2), nn.ReplicationPad1d(2), nn.CircularPad1d(2)], ids=repr)
def test_borders_of_sequences(module):
    converted(module, images(2, 3, 9))


def test_the_pads_of_a_decomposed_program():
    from converters.pytorch import convert

    net = convert(decomposed(Calls(lambda x: F.pad(x, (1, 2, 0, 1), value=2.0)), images(1, 3, 4, 5)))
    assert layers(net) == ["Pad"]


def test_no_border_is_no_layer():
    assert layers(converted(Calls(lambda x: F.pad(x.relu(), (0, 0, 0, 0))), images(1, 3, 4, 5))) == ["ReLU"]
    assert layers(converted(Calls(lambda x: torch.relu(F.pad(x, ()))), images(1, 3, 4, 5))) == ["ReLU"]
