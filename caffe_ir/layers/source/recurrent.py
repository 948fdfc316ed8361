"""One layer of torch's recurrent networks over a sequence, one way (ATen/native/RNN.cpp).

Bottoms: x (T, N, I), or (N, T, I) where batch_first is set, or (N, I) for a single step, as a cell has it; then, or
none of them for zeros, the first states, each (1, N, size), for a single step (N, size).
Tops: y (T, N, size), (N, T, size) or (N, size), and the states after the last step, as the first ones are.
Where backwards is set the steps run from the last to the first; y lies in the order of x all the same.
Blobs, of gates with num_output numbers each: W_x (gates num_output, I), W_h (gates num_output, size), [b_x, b_h].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Layer, Shapes, require

States = list[Array]


class Recurrence(Layer, frozen=True, kw_only=True):
    """What the recurrent layers have in common: a first part for all steps, and a step that hands states on."""

    gates: ClassVar[int]
    """How many numbers each step computes for one of the state."""
    num_output: int
    bias_term: bool = True
    batch_first: bool = False
    backwards: bool = False

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The sizes of the states; the first of them is what y shows of each step."""
        return (self.num_output,)

    def steps(self, x: Shape) -> int:
        """How many steps an x of this shape has."""
        return 1 if len(x) == 2 else x[1 if self.batch_first else 0]

    def batch(self, x: Shape) -> int:
        """How many sequences an x of this shape has."""
        return x[0] if len(x) == 2 or self.batch_first else x[1]

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        rows = self.gates * self.num_output
        weights = ((rows, bottoms[0][-1]), (rows, self.state_sizes[0]))
        return (*weights, (rows,), (rows,)) if self.bias_term else weights

    def infer(self, bottoms: Shapes) -> Shapes:
        x, *given = bottoms
        require(len(x) in (2, 3), f"a sequence is (T, N, I), a single step (N, I), not {x}")
        require(self.num_output > 0, f"num_output is {self.num_output}")
        around = (self.batch(x),) if len(x) == 2 else (1, self.batch(x))
        states = tuple((*around, size) for size in self.state_sizes)
        fits = not given or tuple(given) == states
        require(fits, f"the first states must be {' and '.join(map(str, states))}, not {given}")
        return ((*x[:-1], self.state_sizes[0]), *states)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        x, *given = bottoms
        _, *shapes = self.infer(tuple(bottom.shape for bottom in bottoms))
        steps = x[None] if x.ndim == 2 else x.swapaxes(0, 1) if self.batch_first else x
        sizes = zip(self.state_sizes, shapes, strict=True)
        states = [one.reshape(-1, one.shape[-1]) for one in given]
        states = states or [np.zeros((shape[-2], size), x.dtype) for size, shape in sizes]
        bias_x, bias_h = (blobs[2], blobs[3]) if self.bias_term else (0.0, 0.0)
        shown = []
        for step in steps[::-1] if self.backwards else steps:
            states = self._stepped(step @ blobs[0].T + bias_x, states[0] @ blobs[1].T + bias_h, states, blobs)
            shown.append(states[0])
        y = np.stack(shown[::-1] if self.backwards else shown)
        y = y[0] if x.ndim == 2 else y.swapaxes(0, 1) if self.batch_first else y
        return [np.ascontiguousarray(y), *(state.reshape(to) for state, to in zip(states, shapes, strict=True))]

    def _stepped(self, given: Array, held: Array, states: States, blobs: Sequence[Array]) -> States:
        """The states after a step: `given` is what x adds to the gates, `held` what the state adds."""
        raise NotImplementedError


class PlainRNN(Recurrence, frozen=True, kw_only=True):
    """h = f(W_x x + b_x + W_h h + b_h), f tanh or relu (torch: rnn_tanh, rnn_relu)."""

    bottoms: ClassVar[tuple[int, int]] = (1, 2)
    gates: ClassVar[int] = 1
    activation: Literal["tanh", "relu"] = "tanh"

    def _stepped(self, given: Array, held: Array, states: States, blobs: Sequence[Array]) -> States:
        whole = given + held
        return [np.tanh(whole) if self.activation == "tanh" else np.maximum(whole, 0)]


class GRU(Recurrence, frozen=True, kw_only=True):
    """Gates r, z, n, the reset behind the product with the state (torch: gru).

    With (a_r, a_z, a_n) = W_x x + b_x and (c_r, c_z, c_n) = W_h h + b_h: r = sigmoid(a_r + c_r),
    z = sigmoid(a_z + c_z), n = tanh(a_n + r c_n), h = n + z (h - n).
    """

    bottoms: ClassVar[tuple[int, int]] = (1, 2)
    gates: ClassVar[int] = 3

    def _stepped(self, given: Array, held: Array, states: States, blobs: Sequence[Array]) -> States:
        size = self.num_output
        reset, update = np.split(_sigmoid(given[:, : 2 * size] + held[:, : 2 * size]), 2, axis=1)
        new = np.tanh(given[:, 2 * size :] + reset * held[:, 2 * size :])
        return [new + update * (states[0] - new)]


class ProjectedLSTM(Recurrence, frozen=True, kw_only=True):
    """Gates i, f, g, o (torch: lstm); the states are h and c, h projected to proj_size where that is not 0.

    With (i, f, g, o) = W_x x + b_x + W_h h + b_h: c = sigmoid(f) c + sigmoid(i) tanh(g), h = sigmoid(o) tanh(c), and
    h = W_p (sigmoid(o) tanh(c)) with a projection, whose W_p (proj_size, num_output) is the last blob.
    """

    bottoms: ClassVar[tuple[int, int]] = (1, 3)
    gates: ClassVar[int] = 4
    proj_size: int = 0

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return (self.proj_size or self.num_output, self.num_output)

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        weights = super().blob_shapes(bottoms)
        return (*weights, (self.proj_size, self.num_output)) if self.proj_size else weights

    def _stepped(self, given: Array, held: Array, states: States, blobs: Sequence[Array]) -> States:
        into, forget, new, out = np.split(given + held, 4, axis=1)
        cell = _sigmoid(forget) * states[1] + _sigmoid(into) * np.tanh(new)
        shown = _sigmoid(out) * np.tanh(cell)
        return [shown @ blobs[-1].T if self.proj_size else shown, cell]


def _sigmoid(values: Array) -> Array:
    return np.asarray(0.5 * np.tanh(0.5 * values) + 0.5)
