from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import AbsVal, Power, ReLU
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.power_chain import POWER_CHAIN
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


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
    ("chain", "wanted"),
    [
        ((Power(power=0.5), Power(power=-1.0)), "Power(power=-0.5)"),
        ((Power(power=0.5, scale=3.0, shift=0.25), Power(power=-1.0)), "Power(power=-0.5, scale=3.0, shift=0.25)"),
        ((Power(power=-0.5), Power(power=0.5)), "Power(power=-0.25)"),
    ],
    ids=str,
)
def test_a_power_of_a_root_is_one(chain, wanted):
    """For what has no root neither has a number."""
    net, x = of(AbsVal(), *chain), np.array([[-2.0, -0.5, 0.0, 0.5, 3.0, np.inf]])
    after = rewritten(net, POWER_CHAIN)
    assert layers(after) == ["AbsVal()", wanted]
    bare = of(*chain)
    (left,) = (run(bare, {"data": x}, np.float64)[blob] for blob in bare.outputs)
    run_pass(POWER_CHAIN, bare, CONTEXT)
    (right,) = (run(bare, {"data": x}, np.float64)[blob] for blob in bare.outputs)
    np.testing.assert_allclose(right, left, rtol=1e-15, equal_nan=True)


@pytest.mark.parametrize(
    "chain",
    [
        (Power(power=2.0), Power(power=0.5)),
        (Power(power=0.5), Power(power=2.0)),
        (Power(power=0.5), Power(power=-1.0, scale=2.0)),
        (Power(power=0.5), Power(power=-1.0, shift=1.0)),
        (Power(power=2.0), Power(scale=2.0)),
        (Power(shift=100.0), Power(scale=2.0)),
        (Power(scale=2.0), Power(scale=0.0, shift=3.0)),
        (Power(scale=2.0), ReLU()),
    ],
    ids=str,
)
def test_leaves_alone_what_is_not_linear_or_too_far_from_zero(chain):
    after = of(*chain)
    run_pass(POWER_CHAIN, after, CONTEXT)
    assert after.dump() == of(*chain).dump()


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
