from __future__ import annotations

from math import inf

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layers import Clip, ReLU6
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def of(low, high):
    net = net_of((1, 6))
    add(net, "y", Clip(min=low, max=high))
    return net


X = np.array([[-1e6, -3e4, 1.2345e-5, 0.1, 3e4, 1e6]], np.float32)


@pytest.mark.parametrize(
    ("low", "high", "count"), [(-65504.0, 65504.0, 6), (-inf, 1e5, 4), (-1e5, inf, 2), (0.0, 65504.0, 5), (100, 200, 6)]
)
def test_no_digit_is_lost_in_float32(low, high, count):
    net = rewritten(of(low, high), LEGALIZE)
    np.testing.assert_array_equal(run(net, {"data": X})["y"], X.clip(low, high))
    assert sum(node.layer.type_name() in ("Power", "Eltwise", "ReLU") for node in net.nodes) == count


def test_golden_dump():
    assert rewritten(of(-1e5, 6.0), LEGALIZE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 6)])  -> data  [1x6]\n"
        "  y_negative: Power(scale=-1.0) data -> y_negative  [1x6]\n"
        "  y_bound: Power(scale=0.0, shift=-6.0) y_negative -> y_bound  [1x6]\n"
        "  y_max: Eltwise(operation=MAX) y_negative, y_bound -> y_max  [1x6]\n"
        "  y_high: Power(scale=-1.0) y_max -> y_high  [1x6]\n"
        "  y_bound_2: Power(scale=0.0, shift=-100000.0) y_high -> y_bound_2  [1x6]\n"
        "  y: Eltwise(operation=MAX) y_high, y_bound_2 -> y  [1x6]\n"
        "  outputs y\n"
    )


@pytest.mark.parametrize(("low", "high"), [(0.0, 6.0), (-inf, inf), (30.0, 20.0), (-15.0, 2.0)])
def test_near_bounds_and_those_in_the_wrong_order_need_no_constant(low, high):
    net = rewritten(of(low, high), LEGALIZE)
    assert {node.layer.type_name() for node in net.nodes[1:]} <= {"Power", "ReLU"}


def test_a_target_with_relu6_gets_it():
    context = Context(target=replace(CAFFE, layers={**CAFFE.layers, ReLU6: ()}), options=Options())
    assert [str(node.layer) for node in rewritten(of(0.0, 6.0), LEGALIZE, context=context).nodes[1:]] == ["ReLU6()"]
    assert len(rewritten(of(0.0, 7.0), LEGALIZE, context=context).nodes) == 5


def test_a_relu6_of_a_file_is_two_relu_where_the_target_has_none():
    net = net_of((1, 6))
    add(net, "y", ReLU6())
    x = np.array([[-7.0, -0.5, 0.0, 0.125, 6.0, 9.0]])
    after = rewritten(net, LEGALIZE)
    np.testing.assert_array_equal(run(after, {"data": x})["y"], x.clip(0, 6))
    assert [node.layer.type_name() for node in after.nodes[1:]] == ["Power", "ReLU", "Power", "ReLU"]
