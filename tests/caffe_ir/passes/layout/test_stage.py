"""Nets written anew compute what they did, whatever permutations wait in them; judged in the embedded engine."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import Input, Parameter, ReLU, Reshape
from caffe_ir.layers.source import Mul, Permute
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.layout import LAYOUT, staged, take
from caffe_ir.passes.layout.names import LAYOUT_NAMES
from caffe_ir.values import Values
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.layout.nets import random_net
from tests.caffe_ir.passes.rewriting import CONTEXT, assert_same


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("seeds", [range(start, start + 25) for start in range(0, 150, 25)], ids=str)
def test_random_nets_compute_the_same(seeds, turned):
    for seed in seeds:
        net = random_net(seed)
        after = net.copy()
        take(after, staged(after, turned=turned))
        after.check()
        assert after.infer() == after.shapes
        assert_same(net, after, 1e-7)  # a norm of nearly equal numbers loses digits


def test_what_is_permuted_in_vain_is_not_written():
    net = net_of((2, 3, 4, 5))
    add(net, "last", Permute(order=(0, 2, 3, 1)))
    add(net, "relu", ReLU())
    add(net, "second", Permute(order=(0, 3, 1, 2)))
    after = net.copy()
    run_pass(LAYOUT, after, CONTEXT)
    run_pass(LAYOUT_NAMES, after, CONTEXT)
    assert_same(net, after)
    assert [node.name for node in after.nodes] == ["data", "relu", "second"]
    assert after.shapes["relu"] == (2, 3, 4, 5)
    assert isinstance(after.node("second").layer, Reshape)
    assert after.values == {"second": "second"}


def test_a_net_without_waiting_axes_is_left_alone():
    net = net_of((2, 3))
    add(net, "view", Reshape(shape=(0, 3, 1)))
    add(net, "relu", ReLU())
    before = net.copy()
    run_pass(LAYOUT, net, CONTEXT)
    assert net.nodes == before.nodes


def test_a_permutation_that_is_needed_stays_and_is_made_once():
    net = net_of((2, 3, 4, 5))
    add(net, "permute", Permute(order=(0, 3, 1, 2)))
    add(net, "first", Mul(), bottoms=("permute", "permute"))
    net.outputs = ["permute", "first"]
    after = net.copy()
    take(after, staged(after))
    assert_same(net, after)
    assert sum(isinstance(node.layer, Permute) for node in after.nodes) == 2


def test_constants_are_turned_where_they_lie():
    net = net_of((2, 3, 4))
    add(net, "turned", Permute(order=(0, 2, 1)))
    add(net, "constant", Parameter(shape=(4, 3)), np.arange(12.0).reshape(4, 3), bottoms=())
    add(net, "product", Mul(), bottoms=("turned", "constant"))
    add(net, "back", Permute(order=(0, 2, 1)))
    net.values = Values({"data": "data"})
    after = net.copy()
    run_pass(LAYOUT, after, CONTEXT)
    assert_same(net, after)
    assert [node.layer for node in after.nodes if isinstance(node.layer, Permute)] == []
    (held,) = [node for node in after.nodes if isinstance(node.layer, Parameter)]
    np.testing.assert_array_equal(held.blobs[0].load().ravel(), np.arange(12.0).reshape(4, 3).T.ravel())


def test_the_input_itself_may_be_an_output():
    net = net_of((2, 3))
    add(net, "turned", Permute(order=(1, 0)))
    net.outputs = ["data", "turned"]
    after = net.copy()
    take(after, staged(after))
    assert_same(net, after)
    assert isinstance(after.node("data").layer, Input)


def test_a_constant_may_be_an_output():
    net = net_of((2, 3, 4))
    add(net, "turned", Permute(order=(0, 2, 1)))
    add(net, "back", Permute(order=(0, 2, 1)))
    add(net, "constant", Parameter(shape=(4, 3)), np.arange(12.0).reshape(4, 3), bottoms=())
    net.outputs = ["back", "constant"]
    after = net.copy()
    run_pass(LAYOUT, after, CONTEXT)
    run_pass(LAYOUT_NAMES, after, CONTEXT)
    assert_same(net, after)
    assert after.outputs[1] == after.values["constant"] == "constant"


def test_a_batch_of_one_stays_in_front_of_what_is_permuted():
    net = net_of((1, 3, 1, 5))
    add(net, "steps", Permute(order=(3, 0, 1, 2)))
    add(net, "joined", Reshape(shape=(5, 1, 3)))
    after = net.copy()
    take(after, staged(after))
    assert_same(net, after)
    (permuted,) = [node for node in after.nodes if isinstance(node.layer, Permute)]
    assert after.shapes[permuted.top] == (1, 5, 3)
