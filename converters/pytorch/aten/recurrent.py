"""Recurrent layers, and the look-up that often stands before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from caffe_ir.layers import LSTM, Concat, Embed, Parameter
from caffe_ir.source_layers import Gather
from converters.pytorch.aten.axes import permuted, taken
from converters.pytorch.build import Build, Call, Missing, Result, Value
from converters.pytorch.frontend import Handler

WHOLE_FLOATS = 1 << 24
"""Up to here each integer is a float32."""
UNROLL = "a GRU and a plain RNN have no layer in Caffe; its RNN adds a layer of its own behind each step"


def embedding(call: Call, build: Build) -> Value:
    """The rows of weight that the indices name; in Caffe the indices are floats."""
    call.ignore("padding_idx", "scale_grad_by_freq", "sparse")
    weight, indices = call.tensor("weight"), call.value("indices", any_type=True)
    rows, columns = weight.shape
    if rows > WHOLE_FLOATS:
        raise call.refused(f"it has {rows} rows", why="the indices are float32, which skips integers beyond 2^24")
    layer = Embed(num_output=columns, input_dim=rows, bias_term=False)
    return build.add(layer, indices, blobs=[build.blob(weight)])


def lstm(call: Call, build: Build) -> Result:
    """Layers of LSTM over (T, N, I), one or both ways; the first states are 0.

    torch has the gates i, f, g, o and two biases, Caffe i, f, o, g and their sum (lstm_layer.cpp). A sequence starts
    where cont is 0, at the first step.
    """
    call.ignore("dropout")
    if call.flag("train") and call.number("dropout") > 0:
        raise call.refused(
            "this LSTM was captured in training mode", why="it drops at random", hint="call model.eval()"
        )
    ways, layers, biased = 1 + call.flag("bidirectional"), call.integer("num_layers"), call.flag("has_biases")
    weights, states = _constants(call, "params"), _constants(call, "hx")
    each = 4 if biased else 2
    if len(weights) != ways * layers * each:
        raise call.refused("this LSTM has projections (proj_size)", why="Caffe's LSTM gives its state as it is")
    if any(bool(state.any()) for state in states):
        raise call.refused("its first states are not 0", why="Caffe's LSTM starts from 0 at each sequence")
    x = call.value("input")
    x = permuted(build, x, (1, 0, 2), suffix="steps") if call.flag("batch_first") else x
    cont = torch.ones(x.shape[:2])
    cont[0] = 0
    going = build.add(Parameter(shape=tuple(cont.shape)), blobs=[build.blob(cont)], suffix="cont")
    last: list[Value] = []
    for layer in range(layers):
        told = [weights[each * (ways * layer + way) :][:each] for way in range(ways)]
        found = [_one_way(build, x, going, one, f"layer{layer}", way == 1) for way, one in enumerate(told)]
        last += [_last_step(build, y, way == 1) for way, y in enumerate(found)]
        x = found[0] if ways == 1 else build.add(Concat(axis=2), *found, suffix=f"layer{layer}_both")
    y = permuted(build, x, (1, 0, 2), suffix="batches") if call.flag("batch_first") else x
    hidden = last[0] if len(last) == 1 else build.add(Concat(axis=0), *last, suffix="hidden")
    return y, hidden, Missing(what="the last cell state of an LSTM", hint="use the output or the last hidden state")


def _one_way(
    build: Build, x: Value, going: Value, weights: Sequence[torch.Tensor], name: str, backwards: bool
) -> Value:
    size = weights[1].shape[1]
    order = torch.cat([torch.arange(size) + gate * size for gate in (0, 1, 3, 2)])
    into, recurrent = (weight[order] for weight in weights[:2])
    bias = sum((one.double() for one in weights[2:]), torch.zeros(4 * size, dtype=torch.float64))[order]
    name = f"{name}_reverse" if backwards else name
    x = _reversed(build, x, f"{name}_in") if backwards else x
    y = build.add(
        LSTM(num_output=size), x, going, blobs=[build.blob(one) for one in (into, bias, recurrent)], suffix=name
    )
    return _reversed(build, y, f"{name}_out") if backwards else y


def _reversed(build: Build, x: Value, suffix: str) -> Value:
    if x.shape[0] == 1:
        return x
    return build.add(Gather(axis=0, indices=tuple(reversed(range(x.shape[0])))), x, suffix=suffix)


def _last_step(build: Build, y: Value, backwards: bool) -> Value:
    step = 0 if backwards else y.shape[0] - 1
    return taken(build, y, 0, range(step, step + 1), suffix="last")


def _constants(call: Call, name: str) -> list[torch.Tensor]:
    found = call.values(name)
    if not all(isinstance(one, torch.Tensor) for one in found):
        raise call.refused(
            f"its {name} depend on the net's input", why="Caffe's LSTM has fixed weights and starts from 0"
        )
    return [one for one in found if isinstance(one, torch.Tensor)]


def unrolled(call: Call, build: Build) -> Result:
    raise call.refused("a recurrent layer that Caffe lacks", why=UNROLL, hint="use an LSTM, or write its steps out")


HANDLERS: Mapping[str, Handler] = {
    "aten.embedding.default": embedding,
    "aten.lstm.input": lstm,
    "aten.gru.input": unrolled,
    "aten.rnn_tanh.input": unrolled,
    "aten.rnn_relu.input": unrolled,
}
