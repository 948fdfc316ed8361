"""Recurrent layers and their cells, and the look-up that often stands before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from msgspec.structs import replace

from caffe_ir.error_kinds.capture import MODEL_RAISES, TRAINING_MODE
from caffe_ir.error_kinds.operations import DEPENDS_ON_INPUT
from caffe_ir.layers import Concat, Embed
from caffe_ir.layers.source import GRU, PlainRNN, ProjectedLSTM, Recurrence, Reduce
from converters.pytorch.aten.axes import permuted, taken
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Missing, Result, Value

WHOLE_FLOATS = 1 << 24
"""Up to here each integer is a float32."""

State = Value | torch.Tensor


def embedding(call: Call, build: Build) -> Value:
    """The rows of weight that the indices name; in Caffe the indices are floats."""
    call.ignore("padding_idx", "scale_grad_by_freq", "sparse")
    weight, indices = call.tensor("weight"), _rows(call.value("indices", any_type=True), call)
    rows, columns = weight.shape
    if rows > WHOLE_FLOATS:
        raise call.refused(f"it has {rows} rows", why="the indices are float32, which skips integers beyond 2^24")
    layer = Embed(num_output=columns, input_dim=rows, bias_term=False)
    return build.add(layer, indices, blobs=[build.blob(weight)])


def embedding_bag(call: Call, build: Build) -> Result:
    """The sum, the mean or the maximum of the rows of each bag; the bags are of one size."""
    call.ignore("scale_grad_by_freq", "sparse", "include_last_offset", "padding_idx")
    indices = _rows(call.value("indices", any_type=True), call)
    weight, offsets = call.tensor("weight"), call.tensor("offsets")
    count = call.shape[0]
    size, rest = divmod(indices.shape[0], count)
    if rest or not torch.equal(offsets[:count], torch.arange(count) * size):
        raise call.refused("its bags are of several sizes", why="a Caffe net has one size for every blob")
    if call.argument("padding_idx") not in (None, -1) or call.argument("per_sample_weights") is not None:
        raise call.refused("padding_idx or per_sample_weights", hint="look up with nn.Embedding, multiply, and add up")
    rows = build.add(
        Embed(num_output=weight.shape[1], input_dim=weight.shape[0], bias_term=False),
        indices,
        blobs=[build.blob(weight)],
        suffix="rows",
    )
    bags = build.reshape(rows, (count, size, weight.shape[1]), suffix="bags")
    kinds: tuple[Literal["SUM", "MEAN", "MAX"], ...] = ("SUM", "MEAN", "MAX")
    unread = Missing(what="what embedding_bag keeps for the way back")
    reduced = build.add(Reduce(operation=kinds[call.integer("mode")], axes=(1,)), bags)
    return reduced, unread, unread, unread


def one_hot(call: Call, build: Build) -> Value:
    """A row of the unit matrix for each index."""
    call.ignore("num_classes")
    count = call.shape[-1]
    layer = Embed(num_output=count, input_dim=count, bias_term=False)
    return build.add(layer, _rows(call.value(any_type=True), call), blobs=[build.blob(torch.eye(count), constant=True)])


def _rows(indices: Value, call: Call) -> Value:
    """Indices of a type that torch looks rows up by. PyTorch 2.9 traces others as well, and runs none of them."""
    if indices.dtype not in (torch.int32, torch.int64):
        raise call.refused(
            f"it looks rows up by {str(indices.dtype).removeprefix('torch.')}",
            why="torch does so by int32 and int64 alone",
            hint="give the input that type, as --input 1x16:int64",
            kind=MODEL_RAISES,
        )
    return indices


# ---- sequences -------------------------------------------------------------------------------------------------------


def rnn_tanh(call: Call, build: Build) -> Result:
    hidden = _tensor(call, "hx")
    return _sequence(call, build, PlainRNN(num_output=_size(hidden)), [hidden])


def rnn_relu(call: Call, build: Build) -> Result:
    hidden = _tensor(call, "hx")
    return _sequence(call, build, PlainRNN(num_output=_size(hidden), activation="relu"), [hidden])


def gru(call: Call, build: Build) -> Result:
    hidden = _tensor(call, "hx")
    return _sequence(call, build, GRU(num_output=_size(hidden)), [hidden])


def lstm(call: Call, build: Build) -> Result:
    """Two states; where the hidden one is smaller than the cell, each layer projects it and has a weight more.

    The layers get the steps first, as Caffe's own has them: so they are permuted once for all layers.
    """
    hidden, cell = call.values("hx")
    size, whole = _size(hidden), _size(cell)
    told = ProjectedLSTM(num_output=whole, proj_size=size if size != whole else 0)
    x, turned = call.value("input"), call.flag("batch_first")
    x = permuted(build, x, (1, 0, 2), suffix="steps") if turned else x
    y, *last = _layers(call, build, told, x, [hidden, cell])
    return permuted(build, y, (1, 0, 2), suffix="batches") if turned else y, *last


def _sequence(call: Call, build: Build, told: Recurrence, states: Sequence[State]) -> tuple[Value, ...]:
    """Layers with a single state, which take the sequences first as well as the steps."""
    return _layers(call, build, replace(told, batch_first=call.flag("batch_first")), call.value("input"), states)


def _layers(call: Call, build: Build, told: Recurrence, x: Value, states: Sequence[State]) -> tuple[Value, ...]:
    """Layers over (T, N, I), or (N, T, I), one or both ways: the output of the last of them, and all last states.

    `told` is one of them; each of `states` is (layers ways, N, size), as the results are.
    """
    call.ignore("dropout")
    if call.flag("train") and call.number("dropout") > 0:
        raise call.refused(
            "it was captured in training mode", why="it drops at random", hint="call model.eval()", kind=TRAINING_MODE
        )
    ways, layers = 1 + call.flag("bidirectional"), call.integer("num_layers")
    told, weights = replace(told, bias_term=call.flag("has_biases")), _weights(call)
    last = list[Sequence[Value]]()
    each = len(weights) // (ways * layers)
    for layer in range(layers):
        shown = []
        for way in range(ways):
            place, name = ways * layer + way, f"layer{layer}{'_reverse' * way}"
            first = _first(build, states, place, name)
            blobs = [build.blob(one) for one in weights[each * place :][:each]]
            step, tops = replace(told, backwards=way == 1), 1 + len(states)
            y, *ends = build.add_many(step, x, *first, tops=tops, blobs=blobs, suffix=name)
            shown.append(y)
            last.append(ends)
        x = shown[0] if ways == 1 else build.add(Concat(axis=2), *shown, suffix=f"layer{layer}_both")
    if len(last) == 1:
        return x, *last[0]
    of_each = zip(*last, strict=True)
    return x, *(build.add(Concat(axis=0), *ends, suffix=f"last{number}") for number, ends in enumerate(of_each))


def _first(build: Build, states: Sequence[State], place: int, name: str) -> list[Value]:
    """The first states of one layer and way; none where all are zeros."""
    own = [one[place : place + 1] if isinstance(one, torch.Tensor) else one for one in states]
    if all(isinstance(one, torch.Tensor) and not one.any() for one in own):
        return []
    places = range(place, place + 1)
    return [
        build.constant(one, suffix=f"{name}_first")
        if isinstance(one, torch.Tensor)
        else taken(build, one, 0, places, suffix=f"{name}_first")
        for one in own
    ]


def _weights(call: Call) -> list[torch.Tensor]:
    found = call.values("params")
    if not all(isinstance(one, torch.Tensor) for one in found):
        raise call.refused(
            "its weights depend on the net's input",
            why="a Caffe layer keeps them in the caffemodel",
            kind=DEPENDS_ON_INPUT,
        )
    return [one for one in found if isinstance(one, torch.Tensor)]


def _tensor(call: Call, name: str) -> State:
    found = call.operand(name)
    assert isinstance(found, State), f"{name} is a tensor"
    return found


def _size(state: State) -> int:
    return int(state.shape[-1])


# ---- cells -----------------------------------------------------------------------------------------------------------


def rnn_tanh_cell(call: Call, build: Build) -> Value:
    hidden = _tensor(call, "hx")
    return _cell(call, build, PlainRNN(num_output=_size(hidden)), [hidden])[0]


def rnn_relu_cell(call: Call, build: Build) -> Value:
    hidden = _tensor(call, "hx")
    return _cell(call, build, PlainRNN(num_output=_size(hidden), activation="relu"), [hidden])[0]


def gru_cell(call: Call, build: Build) -> Value:
    hidden = _tensor(call, "hx")
    return _cell(call, build, GRU(num_output=_size(hidden)), [hidden])[0]


def lstm_cell(call: Call, build: Build) -> Result:
    hidden, cell = call.values("hx")
    y, _, last = _cell(call, build, ProjectedLSTM(num_output=_size(cell)), [hidden, cell])
    return y, last


def _cell(call: Call, build: Build, told: Recurrence, states: Sequence[State]) -> tuple[Value, ...]:
    """One step: the output, which is the hidden state, and the states."""
    weights = [call.tensor("w_ih"), call.tensor("w_hh")]
    biases = [call.optional_tensor("b_ih"), call.optional_tensor("b_hh")]
    if biased := any(bias is not None for bias in biases):
        rows = weights[0].shape[0]
        weights += [torch.zeros(rows) if bias is None else bias for bias in biases]
    zeros = all(isinstance(one, torch.Tensor) and not one.any() for one in states)
    first = [] if zeros else [build.as_value(one, suffix="first") for one in states]
    x, step = build.as_value(_tensor(call, "input"), suffix="input"), replace(told, bias_term=biased)
    return build.add_many(step, x, *first, tops=1 + len(states), blobs=[build.blob(one) for one in weights])


HANDLERS: Mapping[str, Handler] = {
    "aten.embedding.default": embedding,
    "aten.embedding_bag.padding_idx": embedding_bag,
    "aten.one_hot.default": one_hot,
    "aten.lstm.input": lstm,
    "aten.gru.input": gru,
    "aten.rnn_tanh.input": rnn_tanh,
    "aten.rnn_relu.input": rnn_relu,
    "aten.lstm_cell.default": lstm_cell,
    "aten.gru_cell.default": gru_cell,
    "aten.rnn_tanh_cell.default": rnn_tanh_cell,
    "aten.rnn_relu_cell.default": rnn_relu_cell,
}
