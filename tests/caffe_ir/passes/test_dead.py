from __future__ import annotations

import pytest

from caffe_ir.errors import Origin
from caffe_ir.layers import (
    Concat,
    Dropout,
    Eltwise,
    Flatten,
    Input,
    Power,
    ReLU,
    Reshape,
    Sigmoid,
    Silence,
    Slice,
    Split,
    Tile,
)
from caffe_ir.layers.source import WindowPool
from caffe_ir.node import Node
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.dead import DEAD
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


@pytest.mark.parametrize(
    "identity", [Dropout(), Concat(), Slice(slice_point=()), Reshape(shape=(0, 0, 4, 2)), Power(), Tile(tiles=1)]
)
def test_an_identity_is_taken_out(identity):
    net = net_of((1, 3, 4, 2))
    add(net, "first", ReLU())
    add(net, "nothing", identity)
    add(net, "last", Sigmoid())
    after = rewritten(net, DEAD)
    assert [node.name for node in after.nodes] == ["data", "first", "last"]
    assert after.node("last").bottoms == ("first",)
    assert after.values == {"first": "first", "nothing": "first", "last": "last"}
    assert [(note.kind, str(note.origin)) for note in after.notes] == [("dropped", "tiny.cfg:2")]


@pytest.mark.parametrize("layer", [Reshape(shape=(0, 0, 2, 4)), Flatten(), Power(scale=2.0), Tile(tiles=2), Sigmoid()])
def test_what_does_something_stays(layer):
    net = net_of((1, 3, 4, 2))
    add(net, "some", layer)
    before = net.dump()
    run_pass(DEAD, net, CONTEXT)
    assert net.dump() == before


def test_a_split_is_taken_out():
    net = net_of((1, 3))
    add(net, "first", ReLU())
    add(net, "split", Split(), tops=("left", "right"))
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("left", "right"))
    assert rewritten(net, DEAD).node("sum").bottoms == ("first", "first")


def test_a_chain_that_nobody_reads_dies_as_a_whole():
    net = net_of((1, 4, 2, 2))
    add(net, "kept", ReLU())
    add(net, "a", Sigmoid(), bottoms=("data",))
    add(net, "b", Slice(slice_point=(2,)), tops=("b_0", "b_1"))
    add(net, "c", Eltwise(operation="SUM"), bottoms=("b_0", "b_1"))
    net.outputs = ["kept"]
    after = rewritten(net, DEAD)
    assert [node.name for node in after.nodes] == ["data", "kept"]
    assert after.values == {"kept": "kept"}
    assert {note.text.split()[0] for note in after.notes} == {"a", "b", "c"}


def test_a_layer_of_which_one_top_is_read_stays():
    net = net_of((1, 4, 2, 2))
    add(net, "cut", Slice(slice_point=(2,)), tops=("left", "right"))
    add(net, "last", ReLU(), bottoms=("right",))
    before = net.dump()
    run_pass(DEAD, net, CONTEXT)
    assert net.dump() == before


def test_inputs_and_silences_stay():
    net = net_of((1, 4))
    add(net, "second", Input(shape=(1, 2)), bottoms=())
    add(net, "eaten", ReLU())
    net.append(Node(name="silence", layer=Silence(), bottoms=("eaten",), origin=Origin(layer="silence")))
    add(net, "last", ReLU(), bottoms=("data",))
    before = net.dump()
    run_pass(DEAD, net, CONTEXT)
    assert net.dump() == before


def test_an_identity_keeps_two_outputs_apart_as_one_that_engines_keep():
    net = net_of((1, 4))
    add(net, "first", ReLU())
    add(net, "drop", Dropout())
    net.outputs = ["first", "drop"]
    after = rewritten(net, DEAD)
    assert [str(node) for node in after.nodes[1:]] == [
        "first: ReLU() data -> first",
        "drop: Reshape(shape=(0, 0)) first -> drop",
    ]
    assert after.outputs == ["first", "drop"]


@pytest.mark.parametrize("before", ["an input", "one of several tops", "read by others"])
def test_an_identity_stays_where_the_blob_before_it_can_be_no_output(before):
    net = net_of((1, 4))
    if before == "one of several tops":
        add(net, "cut", Slice(slice_point=(2,)), tops=("left", "right"))
    elif before == "read by others":
        add(net, "first", ReLU())
    add(net, "drop", Dropout())
    add(net, "last", Sigmoid(), bottoms=net.node("drop").bottoms)
    net.outputs = ["drop", "last"]
    assert str(rewritten(net, DEAD).node("drop").layer) == "Reshape(shape=(0, 0))"


def test_an_output_keeps_its_name_where_an_identity_made_it():
    net = net_of((1, 4))
    add(net, "first", ReLU())
    add(net, "drop", Dropout())
    after = rewritten(net, DEAD)
    assert [str(node) for node in after.nodes[1:]] == ["drop: ReLU() data -> drop"]
    assert after.outputs == ["drop"]
    assert after.values == {"first": "drop", "drop": "drop"}


def test_of_a_split_the_outputs_stay():
    net = net_of((1, 3))
    add(net, "first", ReLU())
    add(net, "split", Split(copies=3), tops=("left", "middle", "right"))
    add(net, "last", Sigmoid(), bottoms=("middle",))
    net.outputs = ["left", "right", "last"]
    after = rewritten(net, DEAD)
    assert [str(node) for node in after.nodes[2:]] == [
        "left: Reshape(shape=(0, 0)) first -> left",
        "right: Reshape(shape=(0, 0)) first -> right",
        "last: Sigmoid() first -> last",
    ]
    assert after.outputs == ["left", "right", "last"]


def test_what_a_pass_made_goes_without_a_note():
    net = net_of((1, 4))
    add(net, "made", Power())
    add(net, "last", ReLU())
    del net.values["made"]
    after = rewritten(net, DEAD)
    assert [node.name for node in after.nodes] == ["data", "last"]
    assert after.notes == []


def test_of_a_diamond_that_nobody_reads_nothing_is_left():
    net = net_of((1, 4))
    add(net, "kept", ReLU())
    add(net, "a", Sigmoid(), bottoms=("data",))
    add(net, "b", Sigmoid())
    add(net, "c", Eltwise(operation="SUM"), bottoms=("a", "b"))
    net.outputs = ["kept"]
    assert [node.name for node in rewritten(net, DEAD).nodes] == ["data", "kept"]


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
def test_a_pooling_over_single_cells_is_taken_out(pool):
    net = net_of((1, 3, 4, 2))
    add(net, "first", ReLU())
    add(net, "cells", WindowPool(pool=pool, kernel_size=(1, 1), stride=(1, 1), output_size=(4, 2)))
    add(net, "last", Sigmoid())
    assert [node.name for node in rewritten(net, DEAD).nodes] == ["data", "first", "last"]


@pytest.mark.parametrize(
    "windows",
    [
        {"stride": (2, 1), "output_size": (2, 2)},
        {"stride": (1, 1), "output_size": (4, 2), "divisor": 3},
        {"stride": (1, 1), "output_size": (4, 2), "kernel_size": (2, 1)},
    ],
)
def test_a_pooling_that_changes_something_stays(windows):
    net = net_of((1, 3, 4, 2))
    add(net, "pool", WindowPool(**{"pool": "AVE", "kernel_size": (1, 1), **windows}))
    assert [node.name for node in rewritten(net, DEAD).nodes] == ["data", "pool"]


def test_a_long_chain_that_nothing_reads() -> None:
    net = net_of((1, 2))
    for number in range(3000):
        add(net, f"relu{number}", ReLU())
    net.outputs = ["data"]
    run_pass(DEAD, net, CONTEXT)
    assert [node.name for node in net.nodes] == ["data"]
