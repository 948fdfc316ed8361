"""Recurrent layers, their cells and embeddings against torch; of the files, OpenCV is a second judge."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from caffe_ir.error_kinds.capture import MODEL_RAISES
from caffe_ir.errors import ConversionError
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import TARGETS
from converters.pytorch import convert
from tests.converters.pytorch.judge import EXACT, Calls, converted, flat, images, layers
from tests.end_to_end.from_torch import (
    FLOAT32,
    error,
    files_of,
    meaning_error,
    opencv_knows,
    opencv_results,
    results,
)


class Pair(nn.Module):
    """A layer with one state, told as one with two."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x):
        y, hidden = self.layer(x)
        return y, (hidden, None)


class Output(nn.Module):
    """A recurrent layer's sequence, and its last hidden state."""

    def __init__(self, layer: nn.Module, *, state: bool = False) -> None:
        super().__init__()
        self.layer, self.state = layer, state

    def forward(self, x):
        y, (hidden, _) = self.layer(x)
        return (y, hidden) if self.state else y


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_first": True},
        {"bias": False},
        {"num_layers": 2, "dropout": 0.5},
        {"bidirectional": True},
        {"num_layers": 2, "bidirectional": True, "batch_first": True},
    ],
    ids=lambda options: ",".join(options) or "plain",
)
@pytest.mark.parametrize("state", [False, True])
def test_lstm(options, state):
    torch.manual_seed(0)
    net = converted(Output(nn.LSTM(4, 3, **options), state=state), images(2, 5, 4), lowered=False)
    net = lower(net, TARGETS["caffe-master"], Options())
    assert layers(net).count("LSTM") == options.get("num_layers", 1) * (1 + options.get("bidirectional", False))


def test_a_batch_of_one_needs_no_permutation():
    torch.manual_seed(0)
    net = converted(Output(nn.LSTM(4, 3, batch_first=True)), images(1, 5, 4), lowered=False)
    net = lower(net, TARGETS["caffe-master"], Options())
    assert "Im2col" not in layers(net)
    assert "Slice" not in layers(net)


def test_the_last_cell_or_given_states_are_written_out():
    torch.manual_seed(0)
    layer = nn.LSTM(4, 3)
    for read in (lambda own, x: own(x)[1][1], lambda own, x: own(x, (x[:1, :, :3], x[:1, :, 1:]))[0]):
        assert "LSTM" not in layers(converted(Holding(layer, read), images(5, 2, 4)))


# ---- written out -----------------------------------------------------------------------------------------------------


class Holding(nn.Module):
    """A function of a layer and the inputs."""

    def __init__(self, layer, function):
        super().__init__()
        self.layer, self.function = layer, function

    def forward(self, *inputs):
        return self.function(self.layer, *inputs)


class Whole(nn.Module):
    """A recurrent layer's output and last states, from states that are given or zeros."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x, *states):
        return self.layer(x, states if len(states) > 1 else states[0]) if states else self.layer(x)


KINDS: dict[str, tuple[Any, dict[str, Any], int]] = {
    "gru": (nn.GRU, {}, 12),
    "tanh": (nn.RNN, {}, 3),
    "relu": (nn.RNN, {"nonlinearity": "relu"}, 3),
    "lstm": (nn.LSTM, {}, 12),
    "projected": (nn.LSTM, {"proj_size": 2}, 13),
}
FORMS: list[dict[str, Any]] = [
    {},
    {"batch_first": True},
    {"bias": False},
    {"num_layers": 2, "dropout": 0.5},
    {"bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "batch_first": True, "bias": False},
]


def held_to_its_files(module, folder, *inputs):
    """The net, its files in float64 and float32, and OpenCV's reading of them, all against torch."""
    net = converted(module.eval(), *inputs)
    files = files_of(net, folder)
    files.net.outputs[:] = net.outputs
    with torch.no_grad():
        wanted = flat(module(*inputs))
    assert meaning_error(module, files.net, *inputs) < EXACT
    assert opencv_knows(net)
    for found in (results(files, *inputs), opencv_results(files, *inputs)):
        assert max(error(one, want) for one, want in zip(found, wanted, strict=True)) < FLOAT32
    return net


@pytest.mark.filterwarnings("ignore:LSTM with projections")  # torch has no faster kernel for it
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", FORMS, ids=lambda options: ",".join(options) or "plain")
@pytest.mark.parametrize("given", [False, True])
def test_steps_written_out(kind, options, given, tmp_path):
    torch.manual_seed(0)
    make, more, _ = KINDS[kind]
    layer = make(4, 3, **more, **options)
    places = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    sizes = {"lstm": (3, 3), "projected": (2, 3)}.get(kind, (3,)) if given else ()
    states = [images(places, 2, size, seed=place) for place, size in enumerate(sizes, 1)]
    x = images(*((2, 5, 4) if "batch_first" in options else (5, 2, 4)))
    net = held_to_its_files(Whole(layer), tmp_path, x, *states)
    shared = {node.param_names for node in net.nodes if node.param_names}
    assert len(shared) == places * (1 + (kind == "projected"))


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("kind", KINDS)
def test_layers_of_a_step(kind):
    make, more, each = KINDS[kind]
    counts = [len(layers(converted(Whole(make(4, 3, **more)), images(steps, 2, 4)))) for steps in (4, 5)]
    assert counts[1] - counts[0] == each


class Begun(nn.Module):
    """A layer that begins with states of its own."""

    def __init__(self, layer: nn.Module, *states: torch.Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.states = nn.ParameterList(states)

    def forward(self, x):
        states = tuple(self.states)
        return self.layer(x, states if len(states) > 1 else states[0])[0]


@pytest.mark.parametrize("kind", ["gru", "tanh", "lstm"])
def test_a_constant_first_state(kind):
    torch.manual_seed(0)
    make, more, _ = KINDS[kind]
    states = [images(1, 2, 3, seed=place) for place in range(1, 2 + (kind == "lstm"))]
    assert "Parameter" in layers(converted(Begun(make(4, 3, **more), *states), images(5, 2, 4)))


def test_sequences_first_need_no_permutation():
    assert layers(converted(Output(Pair(nn.GRU(4, 3, batch_first=True))), images(2, 5, 4))).count("Concat") == 1


def test_a_single_sequence_without_a_batch():
    torch.manual_seed(0)
    converted(Whole(nn.GRU(4, 3)), images(5, 4))


CELLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "gru": (nn.GRUCell, {}),
    "tanh": (nn.RNNCell, {}),
    "relu": (nn.RNNCell, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTMCell, {}),
}


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_cells(kind, bias, given, tmp_path):
    torch.manual_seed(3)
    make, more = CELLS[kind]
    states = [images(2, 3, seed=place) for place in range(1, 2 + (kind == "lstm"))] if given else []
    net = held_to_its_files(Whole(make(4, 3, bias=bias, **more)), tmp_path, images(2, 4), *states)
    assert not any(node.param_names for node in net.nodes)


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_called_in_a_loop_shares_its_weights(kind, tmp_path):
    torch.manual_seed(0)
    make, more = CELLS[kind]
    cell = make(4, 3, **more)

    def loop(cell, x):
        state = None
        for step in x:
            state = cell(step, state)
        return state

    net = held_to_its_files(Holding(cell, loop), tmp_path, images(4, 2, 4))
    products = [node for node in net.nodes if node.layer.type_name() == "InnerProduct" and "picked" not in node.name]
    assert len({node.param_names for node in products}) == 2
    assert all(node.param_names for node in products)


def test_training_is_refused():
    layer = nn.GRU(4, 3, num_layers=2, dropout=0.5).train()
    with pytest.raises(ConversionError, match="training mode"):
        convert(Calls(lambda x: layer(x)[0]), (images(5, 2, 4),))


def test_weights_out_of_the_input_are_refused():
    with pytest.raises(ConversionError, match="its weights depend on the net's input"):
        convert(
            Calls(
                lambda x, w: torch.gru(x, torch.zeros(1, 2, 3), [w, w[:, :3]], False, 1, 0.0, False, False, False)[0]
            ),
            (images(5, 2, 4), images(9, 4)),
        )


def test_a_packed_sequence_is_refused():
    layer = nn.GRU(4, 3)

    def packed(x):
        return layer(nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3])))[1]

    with pytest.raises(ConversionError, match=r"the model packs sequences \(pack_padded_sequence\)"):
        convert(Calls(packed), (images(5, 2, 4),))


# ---- look-up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bag(mode):
    torch.manual_seed(0)
    converted(nn.EmbeddingBag(10, 4, mode=mode), torch.randint(0, 10, (3, 5)))


def test_bags_of_several_sizes_are_refused():
    bags = nn.EmbeddingBag(10, 4, mode="sum")
    with pytest.raises(ConversionError, match="of several sizes"):
        convert(Calls(lambda x: bags(x, torch.tensor([0, 2]))), (torch.randint(0, 10, (5,)),))


def test_one_hot():
    converted(Calls(lambda x: nn.functional.one_hot(x, 7).float()), torch.randint(0, 7, (3, 5)))


def test_embedding():
    torch.manual_seed(0)
    indices = torch.tensor([[1, 4, 0], [2, 2, 9]])
    assert layers(converted(nn.Embedding(10, 6, padding_idx=0), indices)) == ["Embed"]


@pytest.mark.parametrize(
    "module",
    [nn.Embedding(10, 6), nn.EmbeddingBag(10, 4, mode="sum"), Calls(lambda x: nn.functional.one_hot(x, 7))],
    ids=["embedding", "embedding_bag", "one_hot"],
)
def test_floats_name_no_rows(module):
    """What PyTorch 2.9 traces: its shape functions do not look at the type of the indices."""
    program = torch.export.export(module.eval(), (torch.zeros(3, 5, dtype=torch.int64),))
    for node in program.graph.nodes:
        seen = node.meta.get("val")
        if isinstance(seen, torch.Tensor) and seen.dtype == torch.int64:
            node.meta["val"] = seen.float()
    with pytest.raises(ConversionError, match="it looks rows up by float32") as refused:
        convert(program)
    assert refused.value.problems[0].kind is MODEL_RAISES
    assert "as --input 1x16:int64" in refused.value.problems[0].hint


def test_words_through_an_lstm():
    torch.manual_seed(0)

    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.lstm, self.head = nn.Embedding(10, 4), nn.LSTM(4, 3, batch_first=True), nn.Linear(3, 2)

        def forward(self, x):
            return self.head(self.lstm(self.words(x))[0][:, -1])

    converted(Words(), torch.tensor([[1, 4, 0], [2, 2, 9]]))
