"""LSTM and embeddings against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images, layers


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
    net = converted(Output(nn.LSTM(4, 3, **options), state=state), images(2, 5, 4))
    assert layers(net).count("LSTM") == options.get("num_layers", 1) * (1 + options.get("bidirectional", False))


def test_a_batch_of_one_needs_no_permutation():
    torch.manual_seed(0)
    net = converted(Output(nn.LSTM(4, 3, batch_first=True)), images(1, 5, 4))
    assert "Im2col" not in layers(net)
    assert "Slice" not in layers(net)


def test_the_cell_state_is_refused_only_where_it_is_read():
    layer = nn.LSTM(4, 3)
    with pytest.raises(ConversionError, match="last cell state"):
        convert(Calls(lambda x: layer(x)[1][1]), (images(2, 5, 4),))


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (nn.LSTM(4, 3, proj_size=2), "projections"),
        (nn.GRU(4, 3), "no layer in Caffe"),
        (nn.RNN(4, 3), "no layer in Caffe"),
    ],
    ids=["projections", "gru", "rnn"],
)
def test_what_caffes_layers_cannot_hold(layer, why):
    with pytest.raises(ConversionError, match=why):
        convert(Calls(lambda x: layer(x)[0]), (images(2, 5, 4),))


def test_a_first_state_that_is_not_zero_is_refused():
    layer = nn.LSTM(4, 3)
    with pytest.raises(ConversionError, match="first states"):
        convert(Calls(lambda x: layer(x, (torch.ones(1, 5, 3), torch.zeros(1, 5, 3)))[0]), (images(2, 5, 4),))
    with pytest.raises(ConversionError, match="depend on the net's input"):
        convert(Calls(lambda x: layer(x, (x[:1, :, :3], x[:1, :, :3]))[0]), (images(2, 5, 4),))


def test_embedding():
    torch.manual_seed(0)
    indices = torch.tensor([[1, 4, 0], [2, 2, 9]])
    assert layers(converted(nn.Embedding(10, 6, padding_idx=0), indices)) == ["Embed"]


def test_words_through_an_lstm():
    torch.manual_seed(0)

    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.lstm, self.head = nn.Embedding(10, 4), nn.LSTM(4, 3, batch_first=True), nn.Linear(3, 2)

        def forward(self, x):
            return self.head(self.lstm(self.words(x))[0][:, -1])

    converted(Words(), torch.tensor([[1, 4, 0], [2, 2, 9]]))
