"""Names and places of layers."""

from __future__ import annotations

import contextlib
import os

import pytest
import torch
from torch import nn

from caffe_ir import blob
from converters.pytorch import convert
from converters.pytorch.capture import exporting
from converters.pytorch.graph.names import TORCH, is_the_users, place_of, seen_from_here
from tests.converters.pytorch.judge import images


class Gate(nn.Module):
    """Two calls and no module of its own."""

    def forward(self, x):
        return x * torch.sigmoid(x)


class Act(nn.Module):
    """One call and no module of its own."""

    def forward(self, x):
        return torch.relu(x)


class Outer(nn.Module):
    """One call of its own beside its modules, one of which runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.act, self.layers = Gate(), Act(), nn.ModuleList([nn.Conv2d(2, 2, 1)])

    def forward(self, x):
        y = self.act(self.layers[0](self.act(x)))
        return self.gate(y) + x


class Whole(nn.Module):
    """A function at the top."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(Outer(), Outer())

    def forward(self, x):
        return torch.tanh(self.body(x)).relu_()


def test_modules_and_functions():
    names = [node.name for node in convert(Whole().eval(), (images(1, 2, 3, 3),)).nodes]
    block = ["act", "layers.0", "act_2", "gate.sigmoid", "gate.mul", "add"]
    assert names == ["x", *(f"body.{number}.{name}" for number in (0, 1) for name in block), "tanh", "relu"]


def test_the_net_has_the_name_of_the_models_class(tmp_path):
    assert convert(Whole().eval(), (images(1, 2, 3, 3),)).name == "Whole"
    program = torch.export.export(Whole().eval(), (images(1, 2, 3, 3),))
    assert convert(program).name == "Whole"
    torch.export.save(program, tmp_path / "net.pt2")
    assert convert(torch.export.load(tmp_path / "net.pt2")).name == "Whole"
    assert convert(program, name="mine").name == "mine"


def test_origins_are_lines_of_this_file():
    net = convert(Whole().eval(), (images(1, 2, 3, 3),))
    with open(__file__, encoding="utf-8") as file:
        lines = file.read().splitlines()
    told = {node.name: lines[(node.origin.line or 0) - 1].strip() for node in net.nodes[1:]}
    assert told["body.0.layers.0"] == "y = self.act(self.layers[0](self.act(x)))"
    assert told["body.1.gate.mul"] == "return x * torch.sigmoid(x)"
    assert told["tanh"] == "return torch.tanh(self.body(x)).relu_()"
    assert net.node("tanh").origin.file == seen_from_here(__file__)


@pytest.mark.parametrize(
    ("trace", "place"),
    [
        ("", ("", None)),
        ('  File "/home/me/net.py", line 12, in forward\n    return f(x)', ("/home/me/net.py", 12)),
        (
            f'  File "net.py", line 3, in forward\n    x\n  File "{TORCH}nn/conv.py", line 5, in forward',
            ("net.py", 3),
        ),
        ('  File "net.py", line 3, in forward\n    x\n  File "<eval_with_key>.5", line 5, in forward', ("net.py", 3)),
    ],
)
def test_place_of(trace, place):
    assert place_of(trace) == place


def test_a_file_below_the_working_folder_is_told_as_seen_from_there():
    assert seen_from_here(os.path.join(os.getcwd(), "models", "net.py")) == os.path.join("models", "net.py")
    assert seen_from_here("/elsewhere/net.py") == "/elsewhere/net.py"


def test_python_itself_is_not_the_users_and_his_packages_are():
    """Frames of contextlib or inspect stood where the user looked for his own line."""
    assert not is_the_users(contextlib.__file__)
    assert not is_the_users(os.path.join(TORCH, "nn", "conv.py"))
    assert not is_the_users("<frozen importlib>")
    assert not is_the_users(exporting.__file__)
    assert not is_the_users(blob.__file__)
    assert is_the_users(pytest.__file__)
    assert is_the_users(os.path.join(os.path.dirname(os.__file__), "site-packages", "timm", "models", "resnet.py"))
    assert is_the_users("/home/me/net.py")
