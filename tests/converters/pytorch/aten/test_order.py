"""What is largest and smallest along an axis, in order, against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from caffe_ir.layers import ArgMax
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images, layers

X = images(2, 5, 4, 3)
TIES = "the first and Caffe the last"


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.topk(3, 1),
        lambda x: x.topk(2, largest=False),
        lambda x: x.topk(2, 0)[0],
        lambda x: x.topk(1, 2)[1].float(),
        lambda x: x.flatten(1).topk(4)[0],
        lambda x: x.permute(0, 2, 3, 1).topk(2, -1)[0].permute(0, 3, 1, 2),
        lambda x: x.sort(1),
        lambda x: x.sort(stable=True, dim=-1, descending=True),
        lambda x: torch.sort(x, dim=2)[1].float(),
        lambda x: x.argsort(1).float(),
        lambda x: x.argsort(2, descending=True).float(),
        lambda x: torch.argsort(x, dim=3, stable=True).float(),
        torch.msort,
        lambda x: x.kthvalue(2, 1),
        lambda x: x.kthvalue(4, 1, keepdim=True),
        lambda x: x.kthvalue(1)[0],
        lambda x: x.median(1),
        lambda x: x.median(2, keepdim=True),
        lambda x: x.median(),
        lambda x: x[0, 0, 0].sort()[0],
        lambda x: x.mean().sort()[0],
        lambda x: x[0, :, 0, 0].median(),
    ],
)
def test_order(function):
    converted(Calls(function), X)


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (lambda x: x.topk(3, 1)[0], ["ArgMax"]),
        (lambda x: x.topk(3, 1)[1].float(), ["ArgMax"]),
        (lambda x: x.sort(1, descending=True)[0], ["ArgMax"]),
        (lambda x: x.sort(1)[0], ["Power", "ArgMax", "Power"]),
    ],
)
def test_only_what_is_read_is_made_and_only_places_have_ties(function, kinds):
    net = converted(Calls(function), X)
    assert layers(net) == kinds
    (best,) = (node.layer for node in net.nodes if isinstance(node.layer, ArgMax))
    assert any(TIES in note.text for note in net.notes) != best.out_max_val


def test_equal_numbers_are_as_large_as_each_other():
    same = torch.tensor([[1.0, 3.0, 3.0, 2.0, 1.0]])
    converted(Calls(lambda x: (x.topk(3)[0], x.sort()[0], x.median(1)[0], x.kthvalue(2)[0])), same)


class Best(nn.Module):
    """A classifier with its best classes."""

    def __init__(self) -> None:
        super().__init__()
        self.features, self.classes = nn.Conv2d(5, 8, 3), nn.Linear(8, 6)

    def forward(self, x):
        return self.classes(self.features(x).mean((2, 3))).softmax(-1).topk(3)


def test_the_best_classes_of_a_classifier():
    torch.manual_seed(0)
    converted(Best(), X)


def test_no_order_and_no_numbers_are_refused():
    with pytest.raises(ConversionError, match="sorted=True"):
        convert(Calls(lambda x: x.topk(2, sorted=False)[0]), (X,))
    with pytest.raises(ConversionError, match="takes nothing"):
        convert(Calls(lambda x: torch.cat((x.topk(0, 1)[0], x), 1)), (X,))
