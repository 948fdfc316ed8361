from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import GRU, PlainRNN, ProjectedLSTM, Recurrence

STEPS, BATCH, INPUT, SIZE = 5, 2, 4, 3
MODULES: dict[str, tuple[Any, dict[str, Any], Recurrence]] = {
    "tanh": (nn.RNN, {}, PlainRNN(num_output=SIZE)),
    "relu": (nn.RNN, {"nonlinearity": "relu"}, PlainRNN(num_output=SIZE, activation="relu")),
    "gru": (nn.GRU, {}, GRU(num_output=SIZE)),
    "lstm": (nn.LSTM, {}, ProjectedLSTM(num_output=SIZE)),
    "projected": (nn.LSTM, {"proj_size": 2}, ProjectedLSTM(num_output=SIZE, proj_size=2)),
}


def told(layer, **options):
    return type(layer)(**{**{name: getattr(layer, name) for name in layer.declared()}, **options})


def weights_of(module, suffix=""):
    names = [f"weight_ih_l0{suffix}", f"weight_hh_l0{suffix}", f"bias_ih_l0{suffix}", f"bias_hh_l0{suffix}"]
    held = dict(module.named_parameters())
    return [held[name].detach().numpy() for name in (*names, f"weight_hr_l0{suffix}") if name in held]


def agree(layer, bottoms, blobs, wanted):
    shapes = tuple(bottom.shape for bottom in bottoms)
    assert layer.infer(shapes) == tuple(tuple(one.shape) for one in wanted)
    assert layer.blob_shapes(shapes) == tuple(blob.shape for blob in blobs)
    for top, one in zip(layer.forward(bottoms, blobs), wanted, strict=True):
        np.testing.assert_allclose(top, one.detach().numpy(), rtol=1e-12, atol=1e-13)


def flat(result):
    return list(torch.utils._pytree.tree_leaves(result))


@pytest.mark.parametrize("kind", MODULES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_one_way_against_torch(kind, bias, batch_first, given):
    torch.manual_seed(0)
    make, options, layer = MODULES[kind]
    module = make(INPUT, SIZE, bias=bias, batch_first=batch_first, **options).double()
    layer = told(layer, bias_term=bias, batch_first=batch_first)
    x = torch.randn((BATCH, STEPS, INPUT) if batch_first else (STEPS, BATCH, INPUT)).double()
    states = [torch.randn(1, BATCH, size).double() for size in layer.state_sizes] if given else []
    hx = (tuple(states) if len(states) > 1 else states[0]) if given else None
    agree(layer, [one.numpy() for one in (x, *states)], weights_of(module), flat(module(x, hx)))


@pytest.mark.parametrize("kind", MODULES)
def test_backwards_against_the_second_way_of_torch(kind):
    torch.manual_seed(0)
    make, options, layer = MODULES[kind]
    module, x = make(INPUT, SIZE, bidirectional=True, **options).double(), torch.randn(STEPS, BATCH, INPUT).double()
    y, *states = flat(module(x))
    wanted = [y[..., layer.state_sizes[0] :], *(state[1:] for state in states)]
    agree(told(layer, backwards=True), [x.numpy()], weights_of(module, "_reverse"), wanted)


@pytest.mark.parametrize(
    ("cell", "layer"),
    [
        (nn.RNNCell(INPUT, SIZE), PlainRNN(num_output=SIZE)),
        (nn.RNNCell(INPUT, SIZE, nonlinearity="relu"), PlainRNN(num_output=SIZE, activation="relu")),
        (nn.GRUCell(INPUT, SIZE), GRU(num_output=SIZE)),
        (nn.LSTMCell(INPUT, SIZE), ProjectedLSTM(num_output=SIZE)),
    ],
    ids=["tanh", "relu", "gru", "lstm"],
)
def test_a_single_step_against_a_cell(cell, layer):
    torch.manual_seed(0)
    cell, x = cell.double(), torch.randn(BATCH, INPUT).double()
    states = [torch.randn(BATCH, SIZE).double() for _ in layer.state_sizes]
    wanted = flat(cell(x, tuple(states) if len(states) > 1 else states[0]))
    blobs = [one.detach().numpy() for one in cell.parameters()]
    agree(layer, [one.numpy() for one in (x, *states)], blobs, [wanted[0], *wanted])


@pytest.mark.parametrize(
    ("layer", "shapes", "why"),
    [
        (GRU(num_output=3), ((5, 2, 4, 4),), "a sequence is"),
        (GRU(num_output=0), ((5, 2, 4),), "num_output"),
        (GRU(num_output=3), ((5, 2, 4), (1, 5, 3)), "first states"),
        (GRU(num_output=3, batch_first=True), ((5, 2, 4), (1, 2, 3)), "first states"),
        (ProjectedLSTM(num_output=3, proj_size=2), ((5, 2, 4), (1, 2, 3), (1, 2, 3)), "first states"),
        (ProjectedLSTM(num_output=3), ((5, 2, 4), (1, 2, 3)), "first states"),
    ],
)
def test_refuses(layer, shapes, why):
    with pytest.raises(ShapeError, match=why):
        layer.infer(shapes)
