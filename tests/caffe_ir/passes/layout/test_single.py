"""Layers of one bottom between two permutations that undo each other: none may be left."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import PReLU, ReLU, ReLU6, Reshape, Scale, Slice, Softmax, Tile
from caffe_ir.layers.source import Gather, HardMish, LogSoftmax, Permute, Reduce, SourceBatchNorm, Standardize
from caffe_ir.passes.layout import LAYOUT
from caffe_ir.passes.layout.single import POINTWISE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

RANDOM = np.random.default_rng(0)
LAST = RANDOM.standard_normal((2, 3))


def between(layer, *weights, shape=(2, 3, 4, 5)):
    """The layer on (N, H, W, C) of a blob that lies as (N, C, H, W)."""
    net = net_of(shape)
    add(net, "last", Permute(order=(0, 2, 3, 1)))
    add(net, "layer", layer, *weights)
    rank = len(net.shapes["layer"])
    add(net, "second", Permute(order=(0, 3, 1, 2) if rank == 4 else tuple(range(rank))))
    return net


@pytest.mark.parametrize(
    ("layer", "weights", "wanted"),
    [
        (ReLU(), (), "ReLU()"),
        (ReLU6(), (), "ReLU6()"),
        (HardMish(), (), "HardMish()"),
        (Softmax(axis=3), (), "Softmax()"),
        (Softmax(axis=1), (), "Softmax(axis=2)"),
        (LogSoftmax(axis=2), (), "LogSoftmax(axis=3)"),
        (Gather(axis=3, indices=(2, 0)), (), "Gather(axis=1, indices=(2, 0))"),
        (Tile(axis=3, tiles=2), (), "Tile(tiles=2)"),
        (Scale(axis=3), (LAST[0],), "Scale()"),
        (Scale(axis=3, bias_term=True), (LAST[0], LAST[1]), "Scale(bias_term=True)"),
        (Standardize(axes=(3,), eps=1e-5), (), "Standardize(axes=(1,), eps=1e-05)"),
        (Reduce(operation="MEAN", axes=(1, 2), keepdim=True), (), "Reduce(operation=MEAN, axes=(2, 3), keepdim=True)"),
        (Reduce(operation="MAX", axes=(3,), keepdim=True), (), "Reduce(operation=MAX, axes=(1,), keepdim=True)"),
    ],
)
def test_works_where_the_axis_lies(layer, weights, wanted):
    after = rewritten(between(layer, *weights), LAYOUT)
    assert [str(node.layer) for node in after.nodes if not isinstance(node.layer, Reshape)][1:] == [wanted]


def test_axes_that_go():
    net = between(Reduce(operation="SUM", axes=(1, 2)))
    assert [node.layer.type_name() for node in rewritten(net, LAYOUT).nodes[1:]] == ["Reduce", "Flatten"]


def test_parts_along_an_axis():
    net = net_of((2, 3, 4, 5))
    add(net, "last", Permute(order=(0, 2, 3, 1)))
    add(net, "parts", Slice(axis=3, slice_point=(1,)), tops=("one", "two"))
    add(net, "first", Permute(order=(0, 3, 1, 2)), bottoms=("one",))
    add(net, "second", Permute(order=(0, 3, 1, 2)), bottoms=("two",))
    net.outputs = ["first", "second"]
    after = rewritten(net, LAYOUT)
    assert str(after.node("parts").layer) == "Slice(slice_point=(1,))"
    assert not any(isinstance(node.layer, Permute) for node in after.nodes)


@pytest.mark.parametrize(
    ("layer", "weights"),
    [(PReLU(), (RANDOM.random(3),)), (SourceBatchNorm(form="inside", eps=1e-5), tuple(RANDOM.random((4, 3))))],
)
def test_channels_that_come_to_stand_second(layer, weights):
    net = net_of((2, 4, 3))
    add(net, "turned", Permute(order=(0, 2, 1)))
    add(net, "layer", layer, *weights)
    add(net, "back", Permute(order=(0, 2, 1)))
    after = rewritten(net, LAYOUT)
    assert not any(isinstance(node.layer, Permute) for node in after.nodes)
    assert after.shapes[after.producer("back").bottom] == (8, 3)


def test_a_scale_of_several_axes_that_lie_as_one():
    net = net_of((2, 3, 4, 5))
    add(net, "last", Permute(order=(0, 2, 3, 1)))
    add(net, "scale", Scale(axis=1, num_axes=2), RANDOM.random((4, 5)))
    add(net, "second", Permute(order=(0, 3, 1, 2)))
    after = rewritten(net, LAYOUT)
    (scale,) = [node for node in after.nodes if isinstance(node.layer, Scale)]
    assert after.shapes_of(scale.tops) == ((2, 3, 20, 1),)  # and the batch is still the first
    assert scale.layer == Scale(axis=2)


def test_a_view_of_what_does_not_lie_in_order_is_a_copy():
    net = net_of((2, 3, 4))
    add(net, "turned", Permute(order=(0, 2, 1)))
    add(net, "view", Reshape(shape=(0, 3, 4)))
    add(net, "view2", Reshape(shape=(0, 6, 2)))
    kinds = [node.layer.type_name() for node in rewritten(net, LAYOUT).nodes[1:]]
    assert kinds == ["Permute", "Reshape"]


@pytest.mark.parametrize("kind", POINTWISE, ids=lambda kind: kind.__name__)
def test_what_is_called_pointwise_is(kind):
    """Each value by itself: the numbers of any part are those of the whole."""
    given = {"Clip": {"min": -0.5, "max": 0.5}, "Selu": {"alpha": 1.7, "scale": 1.05}}
    layer = kind(**given.get(kind.__name__, {}))
    x = np.abs(RANDOM.standard_normal((3, 4))) + 0.1
    whole = layer.forward([x], [])[0]
    np.testing.assert_array_equal(layer.forward([x[::-1, 1:3]], [])[0], whole[::-1, 1:3])
