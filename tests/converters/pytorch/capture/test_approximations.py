"""Functions that may be near ones: where the user says so, and with the size of the error."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special
from torch import nn
from torch.nn import functional

from caffe_ir.layers.source import Gelu, GeluTanh
from converters.pytorch import convert
from converters.pytorch.capture.approximations import approximated
from converters.pytorch.capture.capture import capture

X = torch.linspace(-6, 6, 30).reshape(1, 30)
BY_TANH = ("gelu=tanh",)


class Twice(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.gelu(functional.gelu(x) * 2, approximate="tanh")


def kinds(net):
    return [type(node.layer) for node in net.nodes if isinstance(node.layer, Gelu | GeluTanh)]


def test_a_gelu_is_by_tanh_only_where_it_is_asked_for() -> None:
    assert kinds(convert(Twice(), (X,))) == [Gelu, GeluTanh]
    net = convert(Twice(), (X,), approx=BY_TANH)
    assert kinds(net) == [GeluTanh, GeluTanh]
    (note,) = (note for note in net.notes if note.kind == "warning")
    assert "1 GELU by tanh, each off by up to 4.74e-4" in note.text


def test_the_program_computes_what_torch_does_with_approximate_tanh() -> None:
    program = capture(nn.GELU(), (X,), approx=BY_TANH).program
    assert torch.equal(program.module()(X), functional.gelu(X, approximate="tanh"))


def test_the_program_that_was_given_stays_and_lends_its_weights() -> None:
    given = torch.export.export(nn.Sequential(nn.Linear(30, 4), nn.GELU()).eval(), (X,))
    before = str(given.graph)
    near, _ = approximated(given, BY_TANH)
    assert str(given.graph) == before != str(near.graph)
    assert near.state_dict["0.weight"] is given.state_dict["0.weight"]


def test_the_size_of_the_error_by_scipy() -> None:
    x = np.linspace(-12, 12, 2_400_001)
    near = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    off = np.abs(near - x * special.ndtr(x))
    assert 4.73e-4 < off.max() < 4.74e-4
    assert abs(x[off.argmax()]) == pytest.approx(2.70, abs=0.005)


def test_a_model_without_gelu_says_so() -> None:
    (note,) = capture(nn.ReLU(), (X,), approx=BY_TANH).notes
    assert "the model has no GELU" in note.text


def test_an_unknown_approximation_is_refused() -> None:
    with pytest.raises(ValueError, match="erf=0 is not one of gelu=tanh"):
        convert(nn.GELU(), (X,), approx=("erf=0",))
