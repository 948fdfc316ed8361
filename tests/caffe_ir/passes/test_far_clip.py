from __future__ import annotations

from math import inf

import numpy as np
import pytest

from caffe_ir.layers import Clip
from caffe_ir.passes.activation import ACTIVATION
from caffe_ir.passes.far_clip import FAR_CLIP
from caffe_ir.reference import run
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
    net = rewritten(of(low, high), FAR_CLIP, ACTIVATION)
    np.testing.assert_array_equal(run(net, {"data": X})["y"], X.clip(low, high))
    assert sum(node.layer.type_name() in ("Power", "Eltwise", "ReLU") for node in net.nodes) == count


def test_golden_dump():
    assert rewritten(of(-1e5, 6.0), FAR_CLIP).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 6)])  -> data  [1x6]\n"
        "  y_near: Clip(min=-inf, max=6.0) data -> y_near  [1x6]\n"
        "  y_bound: Power(scale=0.0, shift=-100000.0) y_near -> y_bound  [1x6]\n"
        "  y: Eltwise(operation=MAX) y_near, y_bound -> y  [1x6]\n"
        "  outputs y\n"
    )


@pytest.mark.parametrize(("low", "high"), [(0.0, 6.0), (-inf, inf), (30.0, 20.0)])
def test_leaves_near_bounds_alone_and_those_in_the_wrong_order(low, high):
    assert rewritten(of(low, high), FAR_CLIP).dump() == of(low, high).dump()
