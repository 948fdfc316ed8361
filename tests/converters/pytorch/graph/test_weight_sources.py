"""What each blob of a converted net is: two checkpoints of one model tell."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from caffe_ir.net import Net
from converters.pytorch import convert

X = (1, 4, 6, 6)


class Views(nn.Module):
    """One tensor seen in other shapes, and moved."""

    def __init__(self) -> None:
        super().__init__()
        self.flat, self.wide, self.matrix = (nn.Parameter(torch.randn(size)) for size in ((4,), (1, 4, 1, 1), (5, 4)))

    def forward(self, x):
        y = x * self.flat.view(1, -1, 1, 1) + self.wide
        return F.linear(y.mean((2, 3)), self.matrix) @ self.matrix


class Table(nn.Module):
    """Buffers that a checkpoint has and has not, and what is computed from both."""

    kept: torch.Tensor
    made: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kept", torch.arange(4.0).view(1, 4, 1, 1))
        self.register_buffer("made", torch.arange(4.0).view(1, 4, 1, 1) + 9, persistent=False)
        self.plain = torch.ones(1, 4, 1, 1) * torch.tensor([1.0, 2, 3, 4]).view(1, 4, 1, 1)
        self.unread = nn.Linear(2, 2)

    def forward(self, x):
        return ((x * self.kept + self.made) * self.plain + self.kept.flip(1)) * (self.made - 5)


class Standardised(nn.Module):
    """The weight is computed, and used as it is elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gain = nn.Conv2d(4, 4, 1), nn.Parameter(torch.tensor(0.3))

    def forward(self, x):
        weight = self.conv.weight - self.conv.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(self.conv(x), weight) + self.gain * x * self.gain


def converted(made: type[nn.Module]) -> Net:
    torch.manual_seed(0)
    return convert(made().eval(), (torch.randn(X),))


def sources(net: Net) -> dict[str, list[str]]:
    return {
        node.name: [blob.key or ("constant" if blob.constant else "computed") for blob in node.blobs]
        for node in net.nodes
        if node.blobs
    }


def test_views_are_still_the_tensor() -> None:
    net = converted(Views)
    assert [one for each in sources(net).values() for one in each] == ["flat", "wide", "matrix", "computed"]
    assert net.behind.computed_from == set()
    assert list(net.behind.used) == ["flat", "wide", "matrix"]


def test_buffers_and_constants() -> None:
    net = converted(Table)
    found = [one for each in sources(net).values() for one in each]
    assert found == ["kept", "constant", "constant", "constant", "constant"]
    assert net.behind.computed_from == {"kept"}
    assert net.behind.unused == ("unread.weight", "unread.bias")


def test_what_the_model_computes_is_the_same_for_the_same_weights_alone() -> None:
    net = converted(Standardised)
    assert sources(net)["conv"] == ["conv.weight", "conv.bias"]
    assert ["constant"] in sources(net).values()
    assert net.behind.computed_from == {"conv.weight", "gain"}


def test_a_tensor_that_is_an_output_itself() -> None:
    class Given(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1, 4, 1, 1))

        def forward(self, x):
            return x + 1, self.weight

    net = converted(Given)
    assert ["weight"] in sources(net).values()
    assert net.behind.shape("weight") == (1, 4, 1, 1)


def test_tied_tensors_have_one_name() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.b(self.a(x))

    net = converted(Tied)
    assert sources(net) == {"a": ["a.weight", "a.bias"], "b": ["a.weight", "b.bias"]}
    assert net.behind.same == {"b.weight": "a.weight"}


@pytest.mark.parametrize("made", [Views, Table, Standardised])
def test_what_is_called_constant_is_the_same_for_another_checkpoint(made: type[nn.Module]) -> None:
    """All but the tensors that something was computed from are exchanged."""
    torch.manual_seed(0)
    one, two = made().eval(), made().eval()
    kept = converted(made).behind.computed_from
    two.load_state_dict({k: v if k in kept else torch.randn_like(v) for k, v in one.state_dict().items()})
    first, second = (convert(module, (torch.zeros(X),)) for module in (one, two))
    for node, other in zip(first.nodes, second.nodes, strict=True):
        for blob, its in zip(node.blobs, other.blobs, strict=True):
            assert (blob.key, blob.constant) == (its.key, its.constant)
            if blob.constant:
                assert (blob.load() == its.load()).all()
