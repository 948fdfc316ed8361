"""Tied weights become shared params."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.pytorch.judge import EXACT, agreement, converted, images, settled


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


class Twice(nn.Module):
    """One Linear along the last axis, twice; `between` is what is done in the middle."""

    def __init__(self, between) -> None:
        super().__init__()
        self.fc, self.between = nn.Linear(6, 6), between

    def forward(self, x):
        return self.fc(self.between(self.fc(x)))


class BesideMaps(nn.Module):
    """One Linear on the channels of maps, twice, and once on rows."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 6, 3, padding=1), nn.Linear(6, 6)

    def forward(self, x):
        y = self.conv(x).permute(0, 2, 3, 1)
        return self.fc(self.fc(y).relu()).permute(0, 3, 1, 2), self.fc(x)


def shared(net: Net) -> list[tuple[str, tuple[str, ...]]]:
    """The layers that share weights, and the names; of each name the numbers and the shape are the same.

    Caffe's AppendParam refuses another shape.
    """
    held: dict[str, np.ndarray] = {}
    for node in net.nodes:
        for name, blob in zip(node.param_names, node.blobs, strict=False):
            assert np.array_equal(held.setdefault(name, blob.load()), blob.load())
    return [(node.layer.type_name(), node.param_names) for node in net.nodes if node.param_names]


@pytest.mark.parametrize("shape", [(2, 5, 6), (1, 3, 4, 6)], ids=str)
def test_a_linear_of_any_rank_is_shared(shape):
    (first, names), *others = shared(converted(Twice(torch.relu), images(*shape)))
    assert names[1] == "fc_1"
    assert others == [(first, names)]


def test_a_linear_of_two_ranks_shares_what_has_one_shape():
    net = converted(Twice(lambda y: y.relu().mean(1)), images(2, 5, 6))
    assert shared(net) == [("Convolution", ("fc_0_1x6", "fc_1")), ("InnerProduct", ("fc_0", "fc_1"))]


def test_convolutions_and_products_share_what_has_one_shape():
    net = converted(BesideMaps(), images(1, 3, 4, 6))
    maps, rows = (("Convolution", (f"fc_0_1x{columns}", "fc_1")) for columns in (1, 6))
    assert sorted(shared(net)) == [maps, maps, rows]


def test_the_files_of_a_linear_of_rank_3_say_so(tmp_path):
    module, x = Twice(torch.relu).eval(), images(2, 5, 6)
    written = write(lower(convert(module, (x,)), CAFFE, Options()), tmp_path / "net", CAFFE)
    text = written.prototxt.read_text(encoding="utf-8")
    assert text.count('name: "fc_0"') == text.count('name: "fc_1"') == 2
    assert shared(read(written.prototxt, written.caffemodel)) == [("InnerProduct", ("fc_0", "fc_1"))] * 2
    judge = cv2.dnn.readNetFromCaffe(str(written.prototxt), str(written.caffemodel))
    judge.setInput(x.numpy())
    with torch.no_grad():
        assert np.allclose(judge.forward(), module(x).numpy(), rtol=0, atol=1e-6)


def test_a_shared_linear_takes_no_batch_norm_in():
    """Taken into one of the two, it would be in the other as well."""

    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.bn = nn.Linear(6, 6), nn.BatchNorm2d(6)

        def forward(self, x):
            return self.fc(self.bn(self.fc(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)).permute(0, 2, 3, 1))

    x = images(2, 6, 3, 4)
    module = settled(Normed(), x)
    net = lower(convert(module, (x,)), CAFFE, Options(fold_batch_norm=True))
    assert shared(net) == [("Convolution", ("fc_0_1x1", "fc_1"))] * 2
    with torch.no_grad():
        assert agreement(net, [module.double()(x.double())], (x,)) < EXACT
