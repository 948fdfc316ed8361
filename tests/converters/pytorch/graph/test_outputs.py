"""Outputs keep the names and the order that the program gives them."""

from __future__ import annotations

import collections

import pytest
from torch import nn

from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images

Pair = collections.namedtuple("Pair", ["boxes", "scores"])


class Heads(nn.Module):
    """Two heads on a body, returned as the function given wraps them."""

    def __init__(self, wrap) -> None:
        super().__init__()
        self.out, self.second, self.wrap = nn.Conv2d(2, 3, 1), nn.Conv2d(2, 4, 1), wrap

    def forward(self, x):
        y = x.relu()
        return self.wrap(self.out(y), self.second(y))


@pytest.mark.parametrize(
    ("wrap", "outputs"),
    [
        (lambda a, b: (a, b), ["out", "second"]),
        (lambda a, b: [b, a], ["second", "out"]),
        (lambda a, b: {"out": a, "aux": b}, ["out", "aux"]),
        (lambda a, b: {"a": (a, b.tanh())}, ["a_0", "a_1"]),
        (lambda a, b: (a, {"aux": b}), ["out", "1_aux"]),
        (Pair, ["boxes", "scores"]),
        (lambda a, b: {"second": a, "out": b}, ["second", "out"]),
        (lambda a, b: a, ["out"]),
    ],
)
def test_names(wrap, outputs):
    net = converted(Heads(wrap), images(1, 2, 3, 3))
    assert net.outputs == outputs
    assert all(net.producer(blob).name == blob for blob in net.outputs)


def test_pieces_of_one_layer_as_outputs():
    net = converted(
        Calls(lambda x: {"left": x.chunk(2, 1)[0], "right": x.chunk(2, 1)[1] * 2}), images(1, 4), lowered=False
    )
    assert net.outputs == ["left", "right"]


def test_what_cannot_bear_a_key_gets_a_copy_that_does():
    """An input, a blob that is two outputs, one that others read, and one of several tops."""

    def wrap(x):
        y = x.relu()
        left, _ = y.chunk(2, 1)
        return {"same": x, "none": None, "a": y, "b": y, "left": left, "all": y.tanh()}

    net = converted(Calls(wrap), images(1, 2))
    assert net.outputs == ["same", "a", "b", "left", "all"]
    read = {bottom for node in net.nodes for bottom in node.bottoms}
    assert not read & set(net.outputs)
    assert "none is not a tensor; the net does not have it" in [note.text for note in net.notes]


def test_without_keys_the_source_says_what_it_returns_and_the_passes_make_copies():
    def twice(x):
        y = x.relu()
        return y, x, y

    net = convert(Calls(twice), (images(1, 2),))
    assert net.outputs == ["relu", "inputs_0", "relu"]
    assert converted(Calls(twice), images(1, 2)).outputs == ["relu", "inputs_0_output", "relu_2"]


def test_a_key_survives_an_identity():
    net = converted(Calls(lambda x: {"out": x.relu().view(1, 2).repeat(1, 1)}), images(1, 2))
    assert net.outputs == ["out"]
    assert [node.name for node in net.nodes] == ["inputs_0", "out"]


def test_a_key_that_is_an_inputs_name_has_it_and_the_input_says_so():
    net = converted(Calls(lambda x: {"inputs_0": x * 2}), images(1, 2))
    assert net.outputs == ["inputs_0"]
    net = convert(Calls(lambda x: {"inputs_0": x * 2}), (images(1, 2),))
    assert [note.text for note in net.notes] == ["the input inputs_0 is called inputs_0_2: an output has its name"]
