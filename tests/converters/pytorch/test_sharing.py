"""Tied weights become shared params."""

from __future__ import annotations

import torch
from torch import nn

from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from caffe_ir.writer import write
from converters.pytorch import convert
from tests.converters.pytorch.judge import converted, images


class Tied(nn.Module):
    """One module twice, and two modules with one weight and biases of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.first, self.second = nn.Linear(18, 18), nn.Linear(18, 18)
        self.second.weight = self.first.weight

    def forward(self, x):
        y = self.conv(self.conv(x).relu()).flatten(1)
        return self.second(self.first(y))


def test_tied_weights_share_a_name():
    net = converted(Tied(), images(1, 2, 3, 3))
    names = {node.name: node.param_names for node in net.nodes if node.param_names}
    assert names == {
        "conv": ("conv_0", "conv_1"),
        "conv_2": ("conv_0", "conv_1"),
        "first": ("first_0", "first_1"),
        "second": ("first_0", "second_1"),
    }


def test_the_prototxt_says_so(tmp_path):
    net = lower(convert(Tied().eval(), (images(1, 2, 3, 3),)), CAFFE, Options())
    text = write(net, tmp_path / "net", CAFFE).prototxt.read_text(encoding="utf-8")
    assert text.count('name: "first_0"') == 2
    assert text.count('name: "conv_1"') == 2


def test_equal_numbers_in_two_places_are_not_shared():
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].load_state_dict(module[0].state_dict())
    assert not any(node.param_names for node in convert(module.eval(), (images(1, 3),)).nodes)


def test_weights_that_a_pass_computes_are_not_shared():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bn = nn.BatchNorm2d(3)

        def forward(self, x):
            return self.bn(self.bn(x).relu())

    net = converted(Twice(), images(2, 3, 4, 4))
    assert not any(node.param_names for node in net.nodes)


def test_a_tensor_without_memory_of_its_own():
    class Slices(nn.Module):
        """Two different halves of one parameter begin at different places."""

        def __init__(self) -> None:
            super().__init__()
            self.both = nn.Parameter(torch.randn(2, 3, 3))

        def forward(self, x):
            return nn.functional.linear(nn.functional.linear(x, self.both[0]), self.both[1])

    net = converted(Slices(), images(1, 3))
    assert not any(node.param_names for node in net.nodes)
