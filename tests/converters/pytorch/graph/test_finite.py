"""Weights that are NaN or infinite are told of by name; all others are not news."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from converters.pytorch import convert
from tests.converters.pytorch.judge import images

X = images(1, 3, 5, 5)


class Net(nn.Module):
    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1, dtype=dtype)
        self.unread = nn.Conv2d(3, 4, 1)
        self.shift: torch.Tensor
        self.register_buffer("shift", torch.zeros(4, 1, 1, dtype=dtype))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x) + self.shift


def warnings_of(module: nn.Module, x: torch.Tensor = X) -> list[str]:
    return [note.text for note in convert(module.eval(), (x,)).notes if note.kind == "warning"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_each_weight_is_named_with_its_count(value: float, dtype: torch.dtype) -> None:
    net = Net(dtype)
    with torch.no_grad():
        net.conv.weight[0, :2] = value
        net.shift[1] = value
        net.unread.weight[:] = value
    told = warnings_of(net, X.to(dtype))
    assert told == ["2 of 12 values of conv.weight are NaN or infinite", "1 of 4 values of shift are NaN or infinite"]


def test_infinities_that_cancel_are_seen() -> None:
    net = Net()
    with torch.no_grad():
        net.conv.weight[0, 0] = float("inf")
        net.conv.weight[0, 1] = -float("inf")
    assert warnings_of(net) == ["2 of 12 values of conv.weight are NaN or infinite"]


def test_large_numbers_are_finite() -> None:
    net = Net(torch.float64)
    with torch.no_grad():
        net.conv.weight[:] = torch.finfo(torch.float64).max
    assert warnings_of(net, X.double()) == []
    assert warnings_of(Net()) == []
