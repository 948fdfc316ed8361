"""Sums, products and joins of blobs that lie differently: as few values as can be are moved."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from caffe_ir.layers import Concat, Eltwise, Input, Parameter, ReLU, Reshape
from caffe_ir.layers.source import Add, Mul, Permute
from caffe_ir.passes.layout import LAYOUT
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

BACK, FORTH = Permute(order=(0, 3, 1, 2)), Permute(order=(0, 2, 3, 1))


def two(first, second):
    net = net_of(first)
    add(net, "other", Input(shape=second), bottoms=())
    return net


def permutes(net):
    return [node for node in net.nodes if isinstance(node.layer, Permute)]


@pytest.mark.parametrize("layer", [Eltwise(operation="SUM"), Eltwise(operation="SUM", coeff=(1.0, -2.0)), Mul()])
def test_two_that_lie_alike(layer):
    net = two((2, 3, 4, 5), (2, 3, 4, 5))
    add(net, "a", FORTH, bottoms=("data",))
    add(net, "b", FORTH, bottoms=("other",))
    add(net, "both", layer, bottoms=("a", "b"))
    add(net, "c", BACK)
    assert permutes(rewritten(net, LAYOUT)) == []


def test_one_that_lies_otherwise_is_turned_and_not_the_other():
    net = two((2, 3, 4, 5), (2, 4, 5, 3))
    add(net, "a", FORTH, bottoms=("data",))
    add(net, "relu", ReLU(), bottoms=("other",))
    add(net, "both", Add(), bottoms=("a", "relu"))
    add(net, "relu2", ReLU())
    add(net, "c", BACK)
    after = rewritten(net, LAYOUT)
    assert len(permutes(after)) == 1


@pytest.mark.parametrize("small", [(2, 1, 1, 3), (2, 4, 5, 1), (3,), (2, 1, 5, 3), (1, 1, 1, 1)])
def test_a_smaller_factor_lies_along_the_larger(small):
    net = two((2, 3, 4, 5), small)
    add(net, "a", FORTH, bottoms=("data",))
    add(net, "both", Mul(), bottoms=("a", "other"))
    add(net, "c", BACK)
    after = rewritten(net, LAYOUT)
    assert sum(prod(after.shapes[node.top]) for node in permutes(after)) <= prod(small)


def test_a_constant_is_turned_for_nothing():
    net = net_of((2, 3, 4, 5))
    add(net, "a", FORTH)
    add(net, "gamma", Parameter(shape=(4, 1, 3)), np.arange(12.0).reshape(4, 1, 3), bottoms=())
    add(net, "both", Mul(), bottoms=("gamma", "a"))
    add(net, "c", BACK)
    del net.values["gamma"]
    after = rewritten(net, LAYOUT)
    assert permutes(after) == []
    (held,) = [node for node in after.nodes if isinstance(node.layer, Parameter)]
    assert after.shapes_of(held.tops) == ((1, 3, 4, 1),)


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_a_join_along_any_axis(axis):
    net = two((2, 3, 4, 5), (2, 3, 4, 5))
    add(net, "a", FORTH, bottoms=("data",))
    add(net, "b", FORTH, bottoms=("other",))
    add(net, "both", Concat(axis=axis), bottoms=("a", "b", "a"))
    add(net, "c", BACK)
    after = rewritten(net, LAYOUT)
    assert permutes(after) == []
    (join,) = [node.layer for node in after.nodes if isinstance(node.layer, Concat)]
    assert join.axis == {0: 0, 1: 2, 2: 3, 3: 1}[axis]


def test_a_token_joined_to_what_lies_channels_first():
    net = net_of((1, 6, 9))
    add(net, "tokens", Permute(order=(0, 2, 1)))
    add(net, "class", Parameter(shape=(1, 1, 6)), np.arange(6.0).reshape(1, 1, 6), bottoms=())
    add(net, "all", Concat(axis=1), bottoms=("class", "tokens"))
    add(net, "back", Permute(order=(0, 2, 1)))
    del net.values["class"]
    after = rewritten(net, LAYOUT)
    assert permutes(after) == []
    assert after.shapes[after.producer("back").bottom if "back" in after.shapes else "back"] == (1, 6, 10, 1)


def test_new_axes_for_a_stack():
    net = two((2, 3, 4), (2, 3, 4))
    for name, bottom in (("a", "data"), ("b", "other")):
        add(net, name, Permute(order=(0, 2, 1)), bottoms=(bottom,))
        add(net, f"{name}_one", Reshape(shape=(2, 1, 4, 3)), bottoms=(name,))
    add(net, "stack", Concat(axis=1), bottoms=("a_one", "b_one"))
    add(net, "back", Permute(order=(0, 1, 3, 2)))
    assert len(permutes(rewritten(net, LAYOUT))) <= 1
