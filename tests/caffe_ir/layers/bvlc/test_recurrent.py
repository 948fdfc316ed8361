from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers import LSTM, RNN

STEPS, BATCH, INPUTS, STATIC, HIDDEN = 5, 3, 4, 2, 6
rng = np.random.default_rng(9)
SEQUENCE = rng.standard_normal((STEPS, BATCH, INPUTS))
ALWAYS = np.ones((STEPS, BATCH))
STATES = rng.standard_normal((2, 1, BATCH, HIDDEN))


def _torch(kind, weights, order):
    """Torch's module with Caffe's weights W_x, b, W_h; `order` lists Caffe's gates in torch's order."""
    module = kind(INPUTS, HIDDEN).double()
    rows = np.concatenate([np.arange(HIDDEN) + gate * HIDDEN for gate in order])
    from_input, bias, recurrent = (torch.tensor(weight[rows]) for weight in weights)
    module.load_state_dict(
        {
            "weight_ih_l0": from_input,
            "weight_hh_l0": recurrent,
            "bias_ih_l0": bias,
            "bias_hh_l0": torch.zeros(len(rows)),
        }
    )
    return module


def _blobs(layer, *shapes):
    return [rng.standard_normal(shape) * 0.5 for shape in layer.blob_shapes(shapes)]


def _run(module, states):
    with torch.no_grad():
        top, last = module(torch.tensor(SEQUENCE), states)
    return top.numpy(), last


LSTM_ORDER = (0, 1, 3, 2)
"""Caffe has i, f, o, g; torch i, f, g, o."""


def test_lstm_is_torchs():
    layer = LSTM(num_output=HIDDEN)
    blobs = _blobs(layer, SEQUENCE.shape, ALWAYS.shape)
    assert [blob.shape for blob in blobs] == [(24, 4), (24,), (24, 6)]
    (top,) = layer.forward([SEQUENCE, ALWAYS], blobs)
    expected, _ = _run(_torch(torch.nn.LSTM, blobs, LSTM_ORDER), None)
    np.testing.assert_allclose(top, expected, rtol=1e-12, atol=1e-14)
    assert layer.infer((SEQUENCE.shape, ALWAYS.shape)) == (top.shape,)


def test_lstm_with_its_states_shown():
    layer = LSTM(num_output=HIDDEN, expose_hidden=True)
    bottoms = [SEQUENCE, ALWAYS, *STATES]
    blobs = _blobs(layer, *(bottom.shape for bottom in bottoms))
    tops = layer.forward(bottoms, blobs)
    top, (hidden, cell) = _run(_torch(torch.nn.LSTM, blobs, LSTM_ORDER), tuple(map(torch.tensor, STATES)))
    for found, expected in zip(tops, (top, hidden, cell), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    assert layer.infer(tuple(bottom.shape for bottom in bottoms)) == tuple(found.shape for found in tops)


@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_a_sequence_that_starts_again_knows_nothing_of_before(kind):
    layer = kind(num_output=HIDDEN)
    cont = ALWAYS.copy()
    cont[2] = 0
    blobs = _blobs(layer, SEQUENCE.shape, cont.shape)
    (top,) = layer.forward([SEQUENCE, cont], blobs)
    (rest,) = layer.forward([SEQUENCE[2:], ALWAYS[2:]], blobs)
    np.testing.assert_allclose(top[2:], rest, rtol=1e-12, atol=1e-12)
    assert abs(top[2:] - layer.forward([SEQUENCE, ALWAYS], blobs)[0][2:]).max() > 1e-3


@pytest.mark.parametrize(("kind", "order"), [(LSTM, LSTM_ORDER), (RNN, (0,))])
def test_a_static_input_is_a_bias_of_each_item(kind, order):
    layer = kind(num_output=HIDDEN)
    static = np.repeat(rng.standard_normal((1, STATIC)), BATCH, axis=0)
    bottoms = [SEQUENCE, ALWAYS, static]
    from_input, bias, from_static, *others = _blobs(layer, *(bottom.shape for bottom in bottoms))
    assert from_static.shape == (len(order) * HIDDEN, STATIC)
    (top,) = layer.forward(bottoms, [from_input, bias, from_static, *others])
    (expected,) = layer.forward([SEQUENCE, ALWAYS], [from_input, bias + from_static @ static[0], *others])
    np.testing.assert_allclose(top, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shown", [False, True])
def test_rnn_is_torchs_with_a_layer_behind(shown):
    layer = RNN(num_output=HIDDEN, expose_hidden=shown)
    bottoms = [SEQUENCE, ALWAYS, *([STATES[0]] if shown else [])]
    blobs = _blobs(layer, *(bottom.shape for bottom in bottoms))
    assert [blob.shape for blob in blobs] == [(6, 4), (6,), (6, 6), (6, 6), (6,)]
    tops = layer.forward(bottoms, blobs)
    hidden, last = _run(_torch(torch.nn.RNN, blobs[:3], (0,)), torch.tensor(STATES[0]) if shown else None)
    np.testing.assert_allclose(tops[0], np.tanh(hidden @ blobs[3].T + blobs[4]), rtol=1e-12, atol=1e-14)
    if shown:
        np.testing.assert_allclose(tops[1], last, rtol=1e-12, atol=1e-14)
    assert layer.infer(tuple(bottom.shape for bottom in bottoms)) == tuple(top.shape for top in tops)


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (LSTM(num_output=0), ((5, 3, 4), (5, 3))),
        (LSTM(num_output=6), ((5, 3), (5, 3))),
        (LSTM(num_output=6), ((5, 3, 4), (5, 2))),
        (LSTM(num_output=6), ((5, 3, 4), (5, 3), (2, 2))),
        (LSTM(num_output=6), ((5, 3, 4), (5, 3), (3, 2), (3, 2))),
        (LSTM(num_output=6, expose_hidden=True), ((5, 3, 4), (5, 3), (1, 3, 6))),
        (LSTM(num_output=6, expose_hidden=True), ((5, 3, 4), (5, 3), (1, 3, 6), (1, 3, 5))),
        (RNN(num_output=6, expose_hidden=True), ((5, 3, 4), (5, 3))),
    ],
)
def test_what_no_recurrent_layer_takes(layer, shapes):
    with pytest.raises(ShapeError):
        layer.infer(shapes)
