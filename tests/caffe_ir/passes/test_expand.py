from __future__ import annotations

import pytest

from caffe_ir.layers import Eltwise, Input, Tile
from caffe_ir.layers.source import Expand, Mul, Sub
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.expand import EXPAND
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


def expanded(small, shape):
    net = net_of(small)
    add(net, "expand", Expand(shape=shape))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes if not isinstance(node.layer, Input)]


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (Eltwise(operation="PROD"), "Mul"),
        (Eltwise(operation="SUM"), "Add"),
        (Eltwise(operation="SUM", coeff=(1.0, 1.0)), "Add"),
        (Eltwise(operation="MAX"), "Maximum"),
        (Mul(), "Mul"),
        (Sub(), "Sub"),
    ],
)
def test_squeeze_and_excitation_by_expand_as(layer, kind):
    net = expanded((2, 3, 1, 1), (2, 3, 4, 5))
    add(net, "x", Input(shape=(2, 3, 4, 5)), bottoms=())
    add(net, "gated", layer, bottoms=("x", "expand"))
    after = rewritten(net, EXPAND)
    assert types(after) == [kind]
    assert after.node("gated").bottoms == ("x", "data")


def test_two_small_factors_do_not_make_the_whole():
    net = expanded((2, 1, 4), (2, 3, 4))
    add(net, "other", Expand(shape=(2, 3, 4)), bottoms=("data",))
    add(net, "product", Eltwise(operation="PROD"), bottoms=("expand", "other"))
    assert types(rewritten(net, EXPAND)) == ["Expand", "Mul"]


def test_other_sums_get_what_they_read():
    net = expanded((2, 1, 4), (2, 3, 4))
    add(net, "x", Input(shape=(2, 3, 4)), bottoms=())
    add(net, "sum", Eltwise(operation="SUM", coeff=(1.0, 2.0)), bottoms=("x", "expand"))
    assert types(rewritten(net, EXPAND)) == ["Expand", "Eltwise"]


def test_an_output_is_made_though_a_product_does_not_need_it():
    net = expanded((2, 1, 4), (2, 3, 4))
    add(net, "x", Input(shape=(2, 3, 4)), bottoms=())
    add(net, "product", Mul(), bottoms=("x", "expand"))
    net.outputs = ["product", "expand"]
    assert types(rewritten(net, EXPAND)) == ["Expand", "Mul"]


def test_leaves_tiles_alone():
    net = net_of((1, 2, 3))
    add(net, "tile", Tile(tiles=2))
    before = net.copy()
    run_pass(EXPAND, net, CONTEXT)
    assert net.dump() == before.dump()
