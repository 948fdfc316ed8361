"""GRU, PlainRNN and ProjectedLSTM -> their steps one behind the other (the equations stand on the source layers).

What x adds to the gates is one InnerProduct for all steps, cut into them. What the state adds is one InnerProduct a
step; all of these share their weights. The numbers are the source's own, none is computed.

    PlainRNN, 3 layers a step:  h = f(a + c), with a the part of x and c that of the state
    GRU, 12 layers a step:      r, z = sigmoid(a + c), n = tanh(a_n + r c_n), h = n + z (h - n)
    LSTM, 12 or 13 a step:      i, f, g, o = a + c, c = sigmoid(f) c + sigmoid(i) tanh(g), h = [W_p] sigmoid(o) tanh(c)

A first state of zeros leaves of c its bias, and of h what is without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Eltwise, InnerProduct, ReLU, Reshape, Scale, Sigmoid, Slice, TanH
from caffe_ir.layers.source import GRU, Linear, PlainRNN, ProjectedLSTM, Recurrence, Sub
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

BIAS_X, BIAS_H = 2, 3
"""Where the biases stand among the blobs."""
SUM, PRODUCT = Eltwise(operation="SUM"), Eltwise(operation="PROD")
DIFFERENCE = Sub()


class Unrolled(Replacement, kw_only=True):
    """The nodes of the steps so far."""

    layer: Recurrence
    step: int = 0
    names: tuple[str, ...]
    """Under which the weights of each step are shared."""

    def at(self, what: str, layer: Layer, *bottoms: str, blobs: Sequence[Blob] = ()) -> str:
        """A node of the present step."""
        return self.add(f"step{self.step}_{what}", layer, *bottoms, blobs=blobs)

    def named(self, top: str, *places: int) -> str:
        """Let the node just made share its weights, which stand at these places among the old node's."""
        if self.names:
            self.nodes[-1] = replace(self.nodes[-1], param_names=tuple(self.names[place] for place in places))
        return top

    def cut(self, what: str, blob: str, axis: int, sizes: Sequence[int]) -> list[str]:
        """A blob cut into parts of these sizes along an axis."""
        if len(sizes) == 1:
            return [blob]
        points = tuple(int(end) for end in np.cumsum(sizes)[:-1])
        return self.split(what, Slice(axis=axis, slice_point=points), blob, tops=len(sizes))

    def recurrent(self, state: str) -> str:
        """What a state adds to all gates."""
        layer = self.layer
        product = InnerProduct(num_output=layer.gates * layer.num_output, bias_term=layer.bias_term)
        places = (1, BIAS_H) if layer.bias_term else (1,)
        top = self.at("recurrent", product, state, blobs=[self.old.blobs[place] for place in places])
        return self.named(top, *places)

    def biased(self, what: str, blob: str, start: int, end: int) -> str:
        """What a state of zeros adds to some gates: their bias."""
        if not self.layer.bias_term:
            return blob
        ones = Blob.of(np.ones(end - start, np.float32), constant=True)
        return self.at(what, Scale(bias_term=True), blob, blobs=(ones, self.bias(start, end)))

    def bias(self, start: int, end: int) -> Blob:
        whole = self.old.blobs[BIAS_H]
        if whole.shape == (end - start,):
            return whole
        return Blob.computed((end - start,), lambda: whole.load()[start:end], constant=whole.constant)

    def whole(self, given: str, states: Sequence[str]) -> str:
        """What x and the state add to all gates."""
        if states:
            return self.at("sum", SUM, given, self.recurrent(states[0]))
        return self.biased("sum", given, 0, self.layer.gates * self.layer.num_output)


def _rewrite(net: Net, node: Node, context: Context) -> None:
    steps = unrolled(net, node)
    steps.finish_tops(steps.held)
    count = steps.layer.steps(net.shapes[node.bottoms[0]])
    text = f"{steps.layer} over {count} steps -> {len(steps.nodes)} layers, each step written out"
    net.note("lowered", text, node.origin)


def unrolled(net: Net, node: Node) -> Unrolled:
    """The steps of a recurrent layer, built and not yet in its place; `held` has what is read of its tops."""
    layer, shape = node.layer, net.shapes[node.bottoms[0]]
    assert isinstance(layer, Recurrence)
    steps, batch = layer.steps(shape), layer.batch(shape)
    made = tuple(f"{node.name}_{place}" for place in range(len(node.blobs))) if steps > 1 else ()
    new = Unrolled(net=net, old=node, layer=layer, names=node.param_names or made)
    given, advance = _given(new, steps, batch), STEPS[type(layer)]
    states = [
        _view(new, f"state{number}", blob, net.shapes[blob], (batch, size))
        for number, (blob, size) in enumerate(zip(node.bottoms[1:], layer.state_sizes, strict=False))
    ]
    shown = [""] * steps
    for step in reversed(range(steps)) if layer.backwards else range(steps):
        new.step = step
        states = advance(new, given[step], states)
        shown[step] = states[0]
    wanted = [net.is_wanted(top) for top in node.tops]
    if wanted[0]:
        whole = shown[0] if steps == 1 else new.add("steps", Concat(axis=int(layer.batch_first)), *shown)
        new.held[node.tops[0]] = _top(new, "output", whole, node.tops[0])
    for top, state, read in zip(node.tops[1:], states, wanted[1:], strict=True):
        if read:
            new.held[top] = _top(new, "last", state, top)
    return new


def _given(new: Unrolled, steps: int, batch: int) -> list[tuple[str, ...]]:
    """What x adds to the gates at each step, for a GRU apart for those that the state is simply added to."""
    node, layer = new.old, new.layer
    x, shape = node.bottoms[0], new.net.shapes[node.bottoms[0]]
    count, sizes = layer.num_output, [layer.gates * layer.num_output]
    places, stays = (0, BIAS_X) if layer.bias_term else (0,), layer.batch_first and batch == 1 < steps
    x = x if stays else _view(new, "rows", x, shape, (steps * batch, shape[-1]))
    product = (Linear if stays else InnerProduct)(num_output=sizes[0], bias_term=layer.bias_term)
    x = new.add("input", product, x, blobs=[node.blobs[place] for place in places])
    if node.param_names:
        new.named(x, *places)
    sizes = [2 * count, count] if isinstance(layer, GRU) else sizes
    parts = []
    for number, (part, size) in enumerate(zip(new.cut("gates", x, 1 + stays, sizes), sizes, strict=True)):
        if layer.batch_first and steps > 1:
            seen = new.view(f"sequences{number}", part, (batch, steps * size))
            parts.append(new.cut(f"inputs{number}", seen, 1, [size] * steps))
        else:
            parts.append(new.cut(f"inputs{number}", part, 0, [batch] * steps))
    return list(zip(*parts, strict=True))


def _view(new: Unrolled, what: str, blob: str, held: tuple[int, ...], shape: tuple[int, ...]) -> str:
    return blob if held == shape else new.add(what, Reshape(shape=shape), blob)


def _top(new: Unrolled, what: str, blob: str, top: str) -> str:
    """A blob of (N, ...) under the shape of one of the old tops; a single step has that already."""
    shape = new.net.shapes[top]
    return blob if len(shape) == 2 else new.add(what, Reshape(shape=shape), blob)


# ---- one step: what x adds, the states before (none are zeros) -> the states behind it ------------------------------


def _plain(new: Unrolled, given: tuple[str, ...], states: Sequence[str]) -> list[str]:
    assert isinstance(new.layer, PlainRNN)
    whole = new.whole(given[0], states)
    return [new.at("state", TanH() if new.layer.activation == "tanh" else ReLU(), whole)]


def _gru(new: Unrolled, given: tuple[str, ...], states: Sequence[str]) -> list[str]:
    gates, inner, size = *given, new.layer.num_output
    held = ""
    if states:
        held_gates, held = new.cut(f"step{new.step}_held", new.recurrent(states[0]), 1, (2 * size, size))
        gates = new.at("sum", SUM, gates, held_gates)
    else:
        gates = new.biased("sum", gates, 0, 2 * size)
    opened = new.at("gates", Sigmoid(), gates)
    reset, update = new.cut(f"step{new.step}_gate", opened, 1, (size, size))
    if states:
        inner = new.at("inner", SUM, inner, new.at("reset", PRODUCT, reset, held))
    elif new.layer.bias_term:
        bias = new.bias(2 * size, 3 * size)
        inner = new.at("inner", SUM, inner, new.at("reset", Scale(bias_term=False), reset, blobs=(bias,)))
    fresh = new.at("new", TanH(), inner)
    if not states:
        return [new.at("state", DIFFERENCE, fresh, new.at("update", PRODUCT, update, fresh))]
    step = new.at("update", PRODUCT, update, new.at("difference", DIFFERENCE, states[0], fresh))
    return [new.at("state", SUM, fresh, step)]


def _lstm(new: Unrolled, given: tuple[str, ...], states: Sequence[str]) -> list[str]:
    layer = new.layer
    assert isinstance(layer, ProjectedLSTM)
    gates = new.cut(f"step{new.step}_gate", new.whole(given[0], states), 1, [layer.num_output] * 4)
    cell = new.at("cell_new", PRODUCT, new.at("in", Sigmoid(), gates[0]), new.at("new", TanH(), gates[2]))
    if states:
        kept = new.at("kept", PRODUCT, new.at("forget", Sigmoid(), gates[1]), states[1])
        cell = new.at("cell", SUM, kept, cell)
    shown = new.at("state", PRODUCT, new.at("out", Sigmoid(), gates[3]), new.at("shown", TanH(), cell))
    if layer.proj_size:
        product = InnerProduct(num_output=layer.proj_size, bias_term=False)
        last = len(new.old.blobs) - 1
        shown = new.named(new.at("projected", product, shown, blobs=(new.old.blobs[last],)), last)
    return [shown, cell]


STEPS: Mapping[type[Recurrence], Callable[[Unrolled, tuple[str, ...], Sequence[str]], list[str]]] = {
    PlainRNN: _plain,
    GRU: _gru,
    ProjectedLSTM: _lstm,
}

UNROLL = Pass(name="unroll", visits=(GRU, PlainRNN, ProjectedLSTM), rewrite=_rewrite)
