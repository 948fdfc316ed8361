"""Training mode is told of where it makes a difference, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.capture.training import asks_for_its_mode, in_eval
from tests.converters.pytorch.judge import images

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")


class Auxiliary(nn.Module):
    """A second head for training alone, as Inception has it."""

    def __init__(self) -> None:
        super().__init__()
        self.main, self.other = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 5, 1)

    def forward(self, x: torch.Tensor) -> Any:
        return (self.main(x), self.other(x)) if self.training else self.main(x)


@pytest.mark.parametrize(
    "part",
    [nn.BatchNorm2d(3), nn.Dropout(0.1), nn.RReLU(), nn.LSTM(3, 3, dropout=0.1, num_layers=2), Auxiliary()],
    ids=lambda part: type(part).__name__,
)
def test_modules_that_ask_for_their_mode(part: nn.Module) -> None:
    assert asks_for_its_mode(part)


@pytest.mark.parametrize(
    "part",
    [nn.Conv2d(3, 3, 1), nn.Sequential(nn.Dropout()), nn.Dropout(0.0), nn.LSTM(3, 3), nn.ReLU(), nn.Identity()],
    ids=lambda part: type(part).__name__,
)
def test_modules_that_compute_the_same(part: nn.Module) -> None:
    """A container asks for nothing itself; its parts are asked."""
    assert not asks_for_its_mode(part)


def test_a_model_without_modes_gets_no_note_and_another_one_gets_one() -> None:
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    with in_eval(plain) as notes:
        assert not plain.training
    assert plain.training
    assert notes == []
    with in_eval(nn.Sequential(Auxiliary())) as notes:
        pass
    (note,) = notes
    assert note.kind == "assumed"
    assert note.text.startswith("the model was in training mode, in which 0 may")


def traced(module: nn.Module, x: torch.Tensor) -> torch.jit.ScriptModule:
    return torch.jit.trace(module.train(), (x,), check_trace=False)


BAKED: dict[str, Callable[[], nn.Module]] = {
    "dropout": lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout()),
    "batch_norm": lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)),
    "feature_dropout": lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout2d(0.2)),
}


@pytest.mark.parametrize("name", BAKED)
def test_a_trace_of_training_mode_names_what_to_do(name: str) -> None:
    x = images(2, 3, 5, 5)
    with pytest.raises(ConversionError) as refused:
        convert(traced(BAKED[name](), x), (x,))
    (problem,) = refused.value.problems
    assert f"made in training mode: {name}" in problem.what
    assert "torch.jit.trace(model.eval(), inputs)" in problem.hint


def test_a_trace_of_eval_mode_and_one_without_modes_are_converted() -> None:
    x = images(2, 3, 5, 5)
    for module in (BAKED["batch_norm"]().eval(), nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())):
        convert(torch.jit.trace(module, (x,)), (x,))
