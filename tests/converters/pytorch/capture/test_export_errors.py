"""What torch.export raises, told with the user's line and what to do."""

from __future__ import annotations

import importlib

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.capture.capture import capture
from converters.pytorch.capture.export_errors import inputs_told
from tests.converters.pytorch.judge import Calls, images


def problem_of(module, *inputs):
    with pytest.raises(ConversionError) as refused:
        capture(module, inputs)
    (problem,) = refused.value.problems
    return problem


def line_of(problem):
    with open(__file__, encoding="utf-8") as file:
        return file.read().splitlines()[problem.origin.line - 1].strip()


class Packed(nn.Module):
    """A recurrent layer on sequences of different lengths."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 5, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        y, _ = self.lstm(packed)
        return pad_packed_sequence(y, batch_first=True)[0]


def test_packed_sequences():
    problem = problem_of(Packed().eval(), images(2, 6, 4), torch.tensor([6, 3]))
    assert problem.what == "the model packs sequences (pack_padded_sequence)"
    assert "padded sequences to the layer itself" in problem.hint
    assert line_of(problem) == "y, _ = self.lstm(packed)"


def test_packing_alone_names_the_way_round():
    module = Calls(lambda x, lengths: pack_padded_sequence(x, lengths, batch_first=True).data)
    with pytest.raises(ConversionError) as refused:
        convert(module, (images(2, 6, 4), torch.tensor([6, 3])))
    assert "padded sequences to the layer itself" in str(refused.value)


@pytest.mark.parametrize(
    ("module", "inputs", "hint"),
    [
        (nn.Conv2d(4, 4, 1).half(), (images(1, 4, 3, 3),), "the type that the model takes"),
        (Calls(lambda x: torch.from_numpy(x.numpy())), (images(1, 4),), "torch's own functions"),
        (Calls(lambda x: x + torch.ones(1, device="cuda")), (images(1, 4),), "device=x.device"),
        (nn.Linear(4, 4), (images(1, 5),), "the shapes that the model takes"),
    ],
)
def test_what_helps_goes_by_what_torch_says(module, inputs, hint):
    problem = problem_of(module.eval(), *inputs)
    assert hint in problem.hint
    assert "for (1, " in problem.why


def test_floats_where_indices_belong():
    """Reported by torch, or by the handler of the operation where torch traces it (2.9)."""
    with pytest.raises(ConversionError) as refused:
        convert(nn.Embedding(9, 4).eval(), (images(1, 5),))
    assert "as --input 1x16:int64" in refused.value.problems[0].hint


def test_the_users_own_message_is_told_whole():
    class Picky(nn.Module):
        def forward(self, x):
            raise ValueError(f"only squares\n  and not {tuple(x.shape)}")

    problem = problem_of(Picky(), images(2, 3))
    assert problem.what == "torch cannot run the model on these inputs: only squares\n  and not (2, 3)"
    assert problem.why == "ValueError, for (2, 3) float32"
    assert problem.hint == ""


def test_an_output_of_an_unknown_class_is_named():
    class Box:
        pass

    problem = problem_of(Calls(lambda x: Box()), images(1))
    assert problem.what.endswith(": one of class Box among the outputs")


def test_only_what_numbers_would_decide_is_tried_again(monkeypatch):
    """With known tensors: the second capture costs as much as the first, and nothing else is mended by it."""
    tried = list[nn.Module]()
    room = importlib.import_module("converters.pytorch.capture.exporting")
    monkeypatch.setattr(room, "KnownTensors", tried.append)
    problem_of(nn.Linear(4, 4).eval(), images(1, 5))
    assert tried == []
    problem_of(Calls(lambda x: x if x.sum() > 0 else -x).eval(), images(1, 5))
    assert len(tried) == 1


def test_inputs_told():
    told = inputs_told((images(1, 3), [torch.zeros(2, dtype=torch.int64)]), {"mask": torch.ones(4), "flag": True})
    assert told == "(1, 3) float32, (2,) int64, mask (4,) float32"
    assert inputs_told((), {}) == "no input"
