from __future__ import annotations

import pytest

from caffe_ir.layers import Power, ReLU
from caffe_ir.passes.power_chain import POWER_CHAIN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def of(*layers):
    net = net_of((1, 6))
    for place, layer in enumerate(layers):
        add(net, f"p{place}", layer)
    return net


def layers(net):
    return [str(node.layer) for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("chain", "wanted"),
    [
        ((Power(scale=2.0), Power(shift=1.0)), "Power(scale=2.0, shift=1.0)"),
        ((Power(shift=1.0), Power(scale=2.0)), "Power(scale=2.0, shift=2.0)"),
        ((Power(shift=1.0), Power(power=2.0, scale=0.5)), "Power(power=2.0, scale=0.5, shift=0.5)"),
        ((Power(scale=2.0), Power(shift=1.0), Power(scale=-1.0)), "Power(scale=-2.0, shift=-1.0)"),
        ((Power(shift=-100.0), Power(shift=1.0)), "Power(shift=-99.0)"),
    ],
    ids=str,
)
def test_is_one_power(chain, wanted):
    assert layers(rewritten(of(*chain), POWER_CHAIN)) == [wanted]


@pytest.mark.parametrize(
    "chain",
    [
        (Power(power=2.0), Power(scale=2.0)),
        (Power(shift=100.0), Power(scale=2.0)),
        (Power(scale=2.0), Power(scale=0.0, shift=3.0)),
        (Power(scale=2.0), ReLU()),
    ],
    ids=str,
)
def test_leaves_alone_what_is_not_linear_or_too_far_from_zero(chain):
    assert rewritten(of(*chain), POWER_CHAIN).dump() == of(*chain).dump()


def test_leaves_alone_what_others_read():
    net = of(Power(scale=2.0), Power(shift=1.0))
    net.outputs = ["p0", "p1"]
    assert rewritten(net, POWER_CHAIN).dump() == net.dump()


def test_golden_dump():
    net = rewritten(of(Power(scale=2.0), Power(shift=1.0)), POWER_CHAIN)
    assert net.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 6)])  -> data  [1x6]\n"
        "  p1: Power(scale=2.0, shift=1.0) data -> p1  [1x6]\n"
        "  outputs p1\n"
    )
    assert "p0" not in net.values
