"""torch's own decomposition is given its old fault, which a test with a fixed torch would not see."""

from __future__ import annotations

from unittest import mock

import pytest
import torch
from torch import nn
from torch._decomp import decompositions

from converters.pytorch.capture.exporting import exported
from converters.pytorch.capture.lstm_states import true_last_states

LAYER = decompositions.one_layer_lstm


def faulty(inp, hidden, *others, **named):
    """As torch 2.9 has it: squeeze(1) in the place of squeeze(0)."""
    out, last = LAYER(inp, hidden, *others, **named)
    return out, tuple(state.unsqueeze(0).squeeze(1) for state in last)


class States(nn.Module):
    def __init__(self, **options) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 3, **options).double()

    def forward(self, x):
        return self.lstm(x)[1]


def shapes(module: nn.Module, x: torch.Tensor) -> list[tuple[int, ...]]:
    (output,) = (node for node in exported(module.eval(), (x,), {}).graph.nodes if node.op == "output")
    return [tuple(node.meta["val"].shape) for node in output.args[0]]


@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"bidirectional": True}, {"proj_size": 2}], ids=str)
def test_the_states_have_the_shapes_of_the_module(options):
    module, x = States(**options), torch.zeros(2, 5, 4, dtype=torch.float64)
    wanted = [tuple(state.shape) for state in module(x)]
    with mock.patch.object(decompositions, "one_layer_lstm", faulty):
        assert shapes(module, x) == wanted


def test_the_fault_is_one():
    state = torch.zeros(5, 3)
    weights = [torch.zeros(12, 4), torch.zeros(12, 3), torch.zeros(12), torch.zeros(12)]
    with mock.patch.object(decompositions, "one_layer_lstm", faulty):
        wrong = decompositions.one_layer_lstm(torch.zeros(2, 5, 4), (state, state), weights, True)[1]
        with true_last_states():
            right = decompositions.one_layer_lstm(torch.zeros(2, 5, 4), (state, state), weights, True)[1]
    assert [one.shape for one in right] == [state.shape] * 2
    assert wrong[0].shape == (1, 5, 3)
