from __future__ import annotations

import pytest

from caffe_ir.layers import Eltwise, Power, Reshape
from caffe_ir.layers.source import Div, Pad, WindowPool
from caffe_ir.passes.lrn_chain import LRN_CHAIN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def chain(*, size=3, k=2.0, beta=0.75, pad=1, channels=7, operand="data"):
    net = net_of((2, channels, 4, 5))
    add(net, "copy", Power(scale=2.0))
    add(net, "mul", Eltwise(operation="PROD"), bottoms=("data", operand))
    add(net, "view", Reshape(shape=(0, 1, channels, 20)))
    add(net, "pad", Pad(before=(0, 0, pad, 0), after=(0, 0, pad, 0)))
    count = channels + 2 * pad - size + 1
    add(net, "pool", WindowPool(pool="AVE", kernel_size=(size, 1), stride=(1, 1), output_size=(count, 20)))
    add(net, "squeeze", Reshape(shape=(0, count, 4, 5)))
    add(net, "alpha", Power(scale=0.3))
    add(net, "k", Power(shift=k))
    add(net, "beta", Power(power=beta))
    add(net, "div", Div(), bottoms=("data", "beta"))
    return net


def layers(net):
    return [str(node.layer) for node in net.nodes[2:]]


def test_is_one_lrn():
    assert layers(rewritten(chain(k=1.0), LRN_CHAIN)) == ["LRN(local_size=3, alpha=0.3)"]


def test_a_k_that_many_programs_take_for_1_goes_out_of_the_bracket():
    net = rewritten(chain(k=2.0, size=5, pad=2), LRN_CHAIN)
    assert layers(net) == ["LRN(alpha=0.15)", f"Power(scale={2.0**-0.75})"]


def test_an_intermediate_value_that_is_read_elsewhere_stays():
    net = chain()
    net.outputs.append("alpha")
    assert "alpha" in [node.name for node in rewritten(net, LRN_CHAIN).nodes]


@pytest.mark.parametrize("change", [{"operand": "copy"}, {"size": 1, "pad": 0}, {"k": 0.0}], ids=str)
def test_leaves_anything_else_alone(change):
    net = chain(**change)
    assert rewritten(net, LRN_CHAIN).dump() == net.dump()
