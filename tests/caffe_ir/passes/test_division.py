from __future__ import annotations

import numpy as np

from caffe_ir.layers import Eltwise, Input, Parameter
from caffe_ir.layers.source import Div
from caffe_ir.passes.division import DIVISION
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def of_two():
    net = net_of((2, 3, 4, 5))
    add(net, "other", Input(shape=(2, 3, 1, 1)), bottoms=())
    add(net, "ratio", Div(), bottoms=("data", "other"))
    return net


def test_golden_dump():
    assert rewritten(of_two(), DIVISION).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  other: Input(shape=[(2, 3, 1, 1)])  -> other  [2x3x1x1]\n"
        "  ratio_inverse: Power(power=-1.0) other -> ratio_inverse  [2x3x1x1]\n"
        "  ratio: Mul() data, ratio_inverse -> ratio  [2x3x4x5]\n"
        "  outputs ratio\n"
    )


def test_a_constant_divisor_is_inverted_once():
    net = net_of((2, 3, 4, 5))
    add(net, "divisor", Parameter(shape=(3, 1, 1)), np.array([2.0, 3.0, 4.0]).reshape(3, 1, 1), bottoms=())
    add(net, "ratio", Div(), bottoms=("data", "divisor"))
    after = rewritten(net, DIVISION)
    np.testing.assert_array_equal(after.node("ratio_inverse").blobs[0].load().ravel(), [1 / 2, 1 / 3, 1 / 4])


def test_leaves_products_alone():
    net = net_of((2, 3))
    add(net, "square", Eltwise(operation="PROD"), bottoms=("data", "data"))
    before = net.dump()
    assert rewritten(net, DIVISION).dump() == before
