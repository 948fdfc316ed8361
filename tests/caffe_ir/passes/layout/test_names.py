from __future__ import annotations

from caffe_ir.layers import ReLU, Slice
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.layout.names import LAYOUT_NAMES
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


def test_the_mark_goes_and_what_is_taken_gets_a_number():
    net = net_of((2, 3))
    add(net, "relu~", ReLU())
    add(net, "parts", Slice(slice_point=(1,)), tops=("left~", "right~"))
    add(net, "relu~2", ReLU(), bottoms=("left~",))
    net.outputs.append("right~")
    after = rewritten(net, LAYOUT_NAMES)
    assert [(node.name, node.tops) for node in after.nodes[1:]] == [
        ("relu", ("relu",)),
        ("parts", ("left", "right")),
        ("relu_2", ("relu_2",)),
    ]
    assert after.outputs == ["relu_2", "right"]


def test_other_names_stay():
    net = net_of((2, 3))
    add(net, "conv_1.bn", ReLU())
    before = net.copy()
    run_pass(LAYOUT_NAMES, net, CONTEXT)
    assert net.dump() == before.dump()
