from __future__ import annotations

import numpy as np

from caffe_ir.layers import Deconvolution
from caffe_ir.layers.source import NearestUpsample
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


def test_becomes_a_depthwise_deconvolution_of_ones():
    net = net_of((2, 3, 4, 5))
    add(net, "up", NearestUpsample(scale=(2, 3)))
    after = rewritten(net, LEGALIZE)
    assert after.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  up: Deconvolution(num_output=3, group=3, bias_term=False, kernel_h=2, kernel_w=3, stride_h=2, stride_w=3)"
        " data -> up | [3, 1, 2, 3]  [2x3x8x15]\n"
        "  outputs up\n"
    )
    assert set(after.node("up").blobs[0].load().ravel()) == {1.0}


def test_a_factor_of_one_is_nothing():
    net = net_of((1, 3, 4, 5))
    add(net, "up", NearestUpsample(scale=(1, 1)))
    after = rewritten(net, LEGALIZE)
    assert [node.name for node in after.nodes] == ["data"]
    assert after.values == {"up": "data"}


def test_what_the_target_holds_stays():
    net = net_of((1, 2, 3, 3))
    add(net, "up", Deconvolution(num_output=2, kernel_size=(2, 2), bias_term=False), np.ones((2, 2, 2, 2)))
    before = net.dump()
    run_pass(LEGALIZE, net, CONTEXT)
    assert net.dump() == before
