from __future__ import annotations

import pytest

from caffe_ir.layers import Eltwise, Input, Power
from caffe_ir.passes.coefficients import COEFFICIENTS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def weighted(*coeff, operation="SUM"):
    net = net_of((2, 3, 4, 5))
    names = [f"x{place}" for place in range(max(1, len(coeff) - 1))]
    for name in names:
        add(net, name, Input(shape=(2, 3, 4, 5)), bottoms=())
    add(net, "y", Eltwise(operation=operation, coeff=coeff), bottoms=("data", *names))
    return net


def test_golden_dump_of_a_difference():
    assert rewritten(weighted(1.0, -1.0), COEFFICIENTS).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  x0: Input(shape=[(2, 3, 4, 5)])  -> x0  [2x3x4x5]\n"
        "  y_scaled: Power(scale=-1.0) x0 -> y_scaled  [2x3x4x5]\n"
        "  y: Eltwise(operation=SUM) data, y_scaled -> y  [2x3x4x5]\n"
        "  outputs y\n"
    )


@pytest.mark.parametrize("coeff", [(0.5, 2.0), (1.0, 0.2), (-1.0, 1.0), (1.0, -0.5, 0.25), (1.0, 1.0)])
def test_every_factor_but_one_is_a_power(coeff):
    net = rewritten(weighted(*coeff), COEFFICIENTS)
    powers = [node.layer.scale for node in net.nodes if isinstance(node.layer, Power)]
    assert powers == [factor for factor in coeff if factor != 1]
    assert net.nodes[-1].layer == Eltwise(operation="SUM")


def test_sums_without_coefficients_and_products_are_left_alone():
    for net in (weighted(), weighted(operation="PROD"), weighted(operation="MAX")):
        assert rewritten(net, COEFFICIENTS).dump() == net.dump()
