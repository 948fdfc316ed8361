from __future__ import annotations

import numpy as np

from caffe_ir.layers import Eltwise, Input, Parameter
from caffe_ir.layers.source import Div
from caffe_ir.passes.division import DIVISION
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def test_a_constant_divisor_is_inverted_once():
    net = net_of((2, 3, 4, 5))
    add(net, "divisor", Parameter(shape=(3, 1, 1)), np.array([2.0, 3.0, 4.0]).reshape(3, 1, 1), bottoms=())
    add(net, "ratio", Div(), bottoms=("data", "divisor"))
    after = rewritten(net, DIVISION)
    np.testing.assert_array_equal(after.node("ratio_inverse").blobs[0].load().ravel(), [1 / 2, 1 / 3, 1 / 4])


def test_golden_dump_of_a_constant_dividend():
    net = net_of((2, 3))
    add(net, "number", Parameter(shape=(1, 3)), np.ones((1, 3)), bottoms=())
    add(net, "ratio", Div(), bottoms=("number", "data"))
    assert rewritten(net, DIVISION).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3)])  -> data  [2x3]\n"
        "  number: Parameter(shape=(1, 3))  -> number | [1, 3]  [1x3]\n"
        "  ratio_inverse: Power(power=-1.0) data -> ratio_inverse  [2x3]\n"
        "  ratio: Mul() number, ratio_inverse -> ratio  [2x3]\n"
        "  outputs ratio\n"
    )


def test_leaves_products_and_quotients_of_two_blobs_alone():
    net = net_of((2, 3))
    add(net, "other", Input(shape=(2, 3)), bottoms=())
    add(net, "square", Eltwise(operation="PROD"), bottoms=("data", "data"))
    add(net, "ratio", Div(), bottoms=("square", "other"))
    before = net.dump()
    assert rewritten(net, DIVISION).dump() == before
