"""State dicts of torch's own modules, so that their keys are torch's and not ours."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from converters.transplant.modules import Module, aliases, batch_norm_of, modules_of
from converters.weights.tensors import Tensor, held


def modules(module: nn.Module) -> list[Module]:
    return modules_of({key: held(tensor.detach().numpy()) for key, tensor in module.state_dict().items()})


@pytest.mark.parametrize(
    ("module", "kinds"),
    [
        (nn.Conv2d(2, 3, 1), ["filter"]),
        (nn.Linear(2, 3, bias=False), ["filter"]),
        (nn.ConvTranspose2d(2, 3, 2), ["filter"]),
        (nn.Embedding(4, 3), ["filter"]),
        (nn.BatchNorm2d(3), ["batchnorm"]),
        (nn.BatchNorm1d(3, affine=False), ["batchnorm"]),
        (nn.BatchNorm2d(3, track_running_stats=False), ["affine"]),
        (nn.GroupNorm(1, 3), ["affine"]),
        (nn.PReLU(), ["plain"]),
        (nn.LSTM(2, 3), ["lstm"]),
        (nn.LSTMCell(2, 3), ["lstm"]),
        (nn.LSTM(2, 3, num_layers=2, bidirectional=True), ["lstm"] * 4),
        (nn.GRU(2, 3), ["plain"] * 4),
        (nn.LSTM(2, 3, proj_size=2), ["plain"] * 5),
        (nn.ReLU(), []),
        (nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 3, 1)), ["plain"] * 3),
    ],
)
def test_kinds(module: nn.Module, kinds: list[str]) -> None:
    found = modules(nn.ModuleDict({"own": module}))
    assert [one.kind for one in found] == kinds
    keys = [key for one in found for key in one.keys]
    assert sorted(keys) == sorted(f"own.{key}" for key in module.state_dict())


def test_names_and_order() -> None:
    found = modules(nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.LSTM(3, 3, 2)))
    assert [(one.name, one.place) for one in found] == [("0", 0), ("1", 1), ("2.l0", 2), ("2.l1", 3)]


def test_bare_parameters_are_modules_by_their_key() -> None:
    module = nn.Module()
    module.scale = nn.Parameter(torch.ones(3))
    module.conv = nn.Conv2d(2, 3, 1)
    assert [(one.name, one.kind) for one in modules(module)] == [("scale", "plain"), ("conv", "filter")]


def named(**parts: nn.Module) -> list[Module]:
    module = nn.Module()
    for name, part in parts.items():
        module.add_module(name, part)
    return modules(module)


def conv(inner: int = 4, outer: int = 4) -> nn.Module:
    return nn.Conv2d(inner, outer, 1, bias=False)


def norm(channels: int = 4) -> nn.Module:
    return nn.BatchNorm2d(channels)


def pairs(found: list[Module]) -> dict[str, str]:
    return {own.name: norm.name for own, norm in batch_norm_of(found).items()}


def test_the_norms_that_surely_follow_a_convolution() -> None:
    assert pairs(modules(nn.Sequential(conv(), norm(), nn.ReLU(), conv(), norm()))) == {"0": "1", "3": "4"}
    assert pairs(named(conv=conv(), norm=norm())) == {"conv": "norm"}
    assert pairs(named(conv1=conv(), bn1=norm(), conv2=conv(), bn2=norm())) == {"conv1": "bn1", "conv2": "bn2"}
    assert pairs(named(conv1=conv(), conv2=conv(), bn1=norm(), bn2=norm())) == {"conv1": "bn1", "conv2": "bn2"}
    assert pairs(named(up=nn.ConvTranspose2d(3, 4, 2), bn=norm())) == {"up": "bn"}


def test_the_norms_that_do_not_or_may_not() -> None:
    assert pairs(named(bn1=norm(), conv1=conv(), bn2=norm(), conv2=conv())) == {}
    assert pairs(named(norm=norm(), conv=conv())) == {}
    assert pairs(named(conv=conv(4, 8), norm=norm(5))) == {}
    assert pairs(named(a=conv(), b=conv(), c=norm(), d=norm())) == {}


def test_tied_weights_are_known_by_where_they_lie() -> None:
    one = Tensor(shape=(2, 2), dtype="float32", stored=lambda: NotImplemented, place=("file", 0))
    other = Tensor(shape=(2, 2), dtype="float32", stored=lambda: NotImplemented, place=("file", 16))
    found = modules_of({"a.weight": one, "b.weight": other, "c.weight": one})
    assert {alias.name: owner.name for alias, owner in aliases(found).items()} == {"c": "a"}
    assert aliases(modules(nn.Sequential(conv(), conv()))) == {}
