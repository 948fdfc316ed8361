from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import Flatten, InnerProduct, ReLU, Reshape
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.reshape import RESHAPE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


def viewed(shape, *shapes):
    net = net_of(shape)
    add(net, "relu", ReLU())
    for number, one in enumerate(shapes):
        add(net, f"view{number}", Reshape(shape=one))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[2:]]


def test_golden_dump():
    assert rewritten(viewed((2, 3, 4, 5), (6, 20), (2, 60), (0, 4, 15)), RESHAPE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  relu: ReLU() data -> relu  [2x3x4x5]\n"
        "  view2: Reshape(shape=(0, 4, 15)) relu -> view2  [2x4x15]\n"
        "  outputs view2\n"
    )


def test_there_and_back_is_nothing():
    net = viewed((2, 3, 4, 5), (6, 20), (2, 3, 4, 5))
    add(net, "last", ReLU())
    assert types(rewritten(net, RESHAPE)) == ["ReLU"]


def test_an_output_and_what_others_read_stay():
    net = viewed((2, 12), (2, 3, 4), (2, 12))
    net.outputs = ["view0", "view1"]
    after = rewritten(net, RESHAPE)
    assert types(after) == ["Reshape", "Reshape"]
    assert after.node("view1").bottoms == ("relu",)


@pytest.mark.parametrize(
    ("view", "kinds"),
    [
        (Flatten(), ["InnerProduct"]),
        (Reshape(shape=(0, 4, 3)), ["InnerProduct"]),
        (Reshape(shape=(1, -1)), ["Reshape", "InnerProduct"]),
        (Flatten(axis=0, end_axis=1), ["Flatten", "InnerProduct"]),
    ],
)
def test_an_inner_product_makes_rows_by_itself(view, kinds):
    net = net_of((2, 3, 2, 2))
    add(net, "relu", ReLU())
    add(net, "view", view)
    inner = 24 // net.shapes["view"][0]
    add(net, "fc", InnerProduct(num_output=4, bias_term=False), np.random.default_rng(0).standard_normal((4, inner)))
    assert types(rewritten(net, RESHAPE)) == kinds


def test_leaves_a_single_view_alone():
    net = viewed((2, 12), (2, 3, 4))
    before = net.copy()
    run_pass(RESHAPE, net, CONTEXT)
    assert net.dump() == before.dump()


@pytest.mark.parametrize(
    ("shape", "view", "written"),
    [
        ((1, 24, 12), (24, 1, 12), (24, -1, 12)),  # steps first, as CRNN has them
        ((1, 2, 3, 4), (6, 4), (6, -1)),
        ((2, 3, 4), (3, 2, 4), (3, -1, 4)),
        ((1, 24, 12), (1, 288), (1, 288)),
        ((1, 24, 12), (288,), (288,)),
    ],
)
def test_an_output_that_moves_the_batch_holds_all_values_behind_the_first_axis(shape, view, written):
    net = viewed(shape, view)
    (node,) = rewritten(net, RESHAPE).nodes[2:]
    assert isinstance(node.layer, Reshape)
    assert node.layer.shape == written
    without_batch = node.layer.shape[1:] or node.layer.shape  # what a reader without a batch makes of it
    assert np.zeros(shape).reshape(without_batch).size == np.prod(shape)


def test_a_view_that_moves_the_batch_and_is_read_stays():
    net = viewed((1, 6, 4), (6, 4))
    add(net, "last", ReLU())
    assert rewritten(net, RESHAPE).node("view0").layer == Reshape(shape=(6, 4))


def test_the_copy_of_a_view_that_is_an_output_stays_behind_it():
    net = viewed((2, 3, 4, 5), (0, 12, 5, 1))
    add(net, "copy", Reshape(shape=(0, 0, 0, 0)))
    add(net, "last", ReLU(), bottoms=["view0"])
    net.outputs = ["copy", "last"]
    after = rewritten(net, RESHAPE)
    assert after.producer("copy").bottoms == ("view0",)
