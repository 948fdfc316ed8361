"""LSTM and RNN over a sequence (recurrent_layer.cpp, lstm_layer.cpp, rnn_layer.cpp).

Bottoms: x (T, N, ...), cont (T, N) which is 0 where a sequence starts, [x_static (N, ...)], [the first states, each
(1, N, num_output), where expose_hidden is set]. Tops: y (T, N, num_output), [the last states].
Without expose_hidden Caffe keeps the states from one run to the next; they start from 0 here.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer, usable


class _Recurrent(CaffeLayer, frozen=True, kw_only=True):
    param = "recurrent_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"weight_filler", "bias_filler", "debug_info"})
    states: ClassVar[int]
    """How many states are handed from step to step."""
    gates: ClassVar[int]
    """How many numbers each step computes for one of the result."""
    num_output: int
    expose_hidden: bool = False

    def infer(self, bottoms: Shapes) -> Shapes:
        sequence, cont, *others = bottoms
        require(self.num_output > 0, f"num_output is {self.num_output}")
        require(len(sequence) >= 3, f"a sequence is (T, N, ...), not {sequence}")
        require(cont == sequence[:2], f"the second bottom must be {sequence[:2]}, not {cont}")
        state = (1, sequence[1], self.num_output)
        if self.expose_hidden:
            require(len(others) >= self.states, f"expose_hidden needs {self.states} more bottoms")
            given = others[len(others) - self.states :]
            require(all(shape == state for shape in given), f"the first states must be {state}")
        static = others[: len(others) - self.states] if self.expose_hidden else others
        require(len(static) <= 1, f"{len(bottoms)} bottoms are too many")
        fits = all(len(shape) >= 2 and shape[0] == sequence[1] for shape in static)
        require(fits, f"the static input must be ({sequence[1]}, ...)")
        top = usable((*sequence[:2], self.num_output))
        return (top, *((state,) * self.states if self.expose_hidden else ()))

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        inner = self.gates * self.num_output
        static = ((inner, prod(bottoms[2][1:])),) if self._has_static(len(bottoms)) else ()
        return ((inner, prod(bottoms[0][2:])), (inner,), *static, (inner, self.num_output))

    def _has_static(self, bottoms: int) -> bool:
        return bottoms - 2 - (self.states if self.expose_hidden else 0) == 1

    def _driven(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> tuple[Array, Array, Array, list[Array]]:
        """What the inputs add to each step (T, N, gates * num_output), cont, the weights of the state, the states."""
        sequence, cont = bottoms[0], bottoms[1]
        steps, batch = cont.shape
        drive = sequence.reshape(steps, batch, -1) @ blobs[0].T + blobs[1]
        has_static = self._has_static(len(bottoms))
        if has_static:
            drive += bottoms[2].reshape(batch, -1) @ blobs[2].T
        states = [state[0] for state in bottoms[2 + has_static :]] if self.expose_hidden else []
        nothing = np.zeros((batch, self.num_output), sequence.dtype)
        return drive, cont[..., None], blobs[2 + has_static], states or [nothing] * self.states


class LSTM(_Recurrent, frozen=True, kw_only=True):
    """z = W_x x + b + W_h (cont h) [+ W_s s], gates in the order i, f, o, g (lstm_layer.cpp, lstm_unit_layer.cpp).

    c = cont sigmoid(f) c + sigmoid(i) tanh(g); h = sigmoid(o) tanh(c). Blobs: W_x, b, [W_s], W_h.
    """

    bottoms = (2, 5)
    states = 2
    gates = 4

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        drive, cont, recurrent, (hidden, cell) = self._driven(bottoms, blobs)
        tops = []
        for step, keep in zip(drive, cont, strict=True):
            gates = step + (keep * hidden) @ recurrent.T
            into, forget, out, new = np.split(gates, 4, axis=1)
            cell = keep * _sigmoid(forget) * cell + _sigmoid(into) * np.tanh(new)
            hidden = _sigmoid(out) * np.tanh(cell)
            tops.append(hidden)
        return [np.stack(tops), *([hidden[None], cell[None]] if self.expose_hidden else [])]


class RNN(_Recurrent, frozen=True, kw_only=True):
    """h = tanh(W_h (cont h) + W_x x + b [+ W_s s]), y = tanh(W_o h + b_o) (rnn_layer.cpp).

    Blobs: W_x, b, [W_s], W_h, W_o, b_o.
    """

    bottoms = (2, 4)
    states = 1
    gates = 1

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        return (*super().blob_shapes(bottoms), (self.num_output, self.num_output), (self.num_output,))

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        drive, cont, recurrent, (hidden,) = self._driven(bottoms, blobs)
        hiddens = []
        for step, keep in zip(drive, cont, strict=True):
            hidden = np.tanh(step + (keep * hidden) @ recurrent.T)
            hiddens.append(hidden)
        top = np.tanh(np.stack(hiddens) @ blobs[-2].T + blobs[-1])
        return [top, *([hidden[None]] if self.expose_hidden else [])]


def _sigmoid(values: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-values)))
