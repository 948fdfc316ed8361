"""Inputs of a net, and what a program's outputs are in it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from caffe_ir.layers import Input
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.pytorch.judge import EXACT, Calls, agreement, images


def notes_of(function, *inputs, **options):
    return [str(note) for note in convert(Calls(function), inputs, **options).notes]


def test_names_for_the_inputs():
    net = convert(Calls(lambda x, y: x + y), (images(1, 2), images(1, 2)), input_names=["left", "right"])
    assert [node.top for node in net.nodes[:2]] == ["left", "right"]
    with pytest.raises(ConversionError, match="1 names for 2 inputs: inputs_0, inputs_1"):
        convert(Calls(lambda x, y: x + y), (images(1, 2), images(1, 2)), input_names=["left"])


def test_an_input_that_nothing_reads_is_left_out():
    (note,) = notes_of(lambda x, y: x * 2, images(1, 2), torch.zeros(3, dtype=torch.complex64))
    assert note.endswith("no output depends on the input inputs_1; the net does not have it")


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: torch.zeros_like(y) + x,
        lambda x, y: torch.ones_like(nn.functional.relu(y * 2)) * x,
        lambda x, y: x.expand_as(y) * 2,
    ],
)
def test_so_is_an_input_of_which_only_the_size_is_read(function):
    """It would be an output of the Caffe net, as every blob that no layer reads."""
    x, y = images(1, 2), images(1, 2, seed=1)
    net = lower(convert(Calls(function), (x, y)), CAFFE, Options())
    assert agreement(net, [function(x.double(), y)], (x,)) < EXACT
    assert [node.top for node in net.nodes if isinstance(node.layer, Input)] == ["inputs_0"]
    assert [note.text for note in net.notes if note.kind == "dropped"] == [
        "no output depends on the input inputs_1; the net does not have it"
    ]


def test_a_complex_input_is_refused_once():
    """And not again by every call that reads it."""
    with pytest.raises(ConversionError) as refused:
        convert(Calls(lambda x: (x * 2).abs()), (torch.zeros(1, 2, dtype=torch.complex64),))
    (problem,) = refused.value.problems
    assert problem.what == "the input inputs_0 is complex"
    assert "view_as_real" in problem.hint


def test_what_follows_an_unknown_complex_result_is_not_told_of():
    with pytest.raises(ConversionError) as refused:
        convert(Calls(lambda x: torch.fft.fft2(x).abs() + torch.special.bessel_j0(x)), (images(1, 2, 4, 4),))
    assert [problem.origin.what for problem in refused.value.problems if problem.origin] == [
        "fft_fft2",
        "special_bessel_j0",
    ]


def test_types_that_caffe_does_not_have_are_told_at_both_ends():
    notes = notes_of(lambda x: (x, x.argmax(1)), images(1, 2, 3, 3).half())
    assert any("the input inputs_0 is float16 in torch; in Caffe it is float32" in note for note in notes)
    assert any("the output is int64 in torch; in Caffe it is float32" in note for note in notes)
    assert notes_of(lambda x: x * 2, images(1, 2)) == []


@pytest.mark.parametrize("function", [lambda x: None, lambda x: (), lambda x: 3])
def test_a_model_without_an_output_is_refused(function):
    with pytest.raises(ConversionError, match="the model returns no tensor"):
        convert(Calls(function), (images(1, 2),))


def test_constants_as_outputs_have_the_names_of_their_weights():
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def forward(self, x):
            return self.fc(x), self.fc.weight, torch.arange(4.0)

    net = convert(Heads().eval(), (images(1, 2),))
    assert net.outputs == ["fc", "fc.weight", "arange"]
    assert net.values["arange"] == "arange"  # which verify compares
    assert [note.text for note in net.notes] == [
        "the output fc.weight depends on no input: a constant",
        "the output arange depends on no input: a constant",
    ]
