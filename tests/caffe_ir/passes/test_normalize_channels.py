from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import Softmax
from caffe_ir.layers.source import NormalizeChannels
from caffe_ir.passes.normalize_channels import NORMALIZE_CHANNELS
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

FORMS = [(False, False), (True, False), (True, True)]


def normalised(softmax, subtract_max, shape=(2, 5, 3, 4)):
    net = net_of(shape)
    add(net, "y", NormalizeChannels(softmax=softmax, subtract_max=subtract_max))
    return net


@pytest.mark.parametrize(("softmax", "subtract_max"), FORMS)
@pytest.mark.parametrize("shape", [(2, 5, 3, 4), (1, 1, 1, 1)])
def test_the_function_stays(softmax, subtract_max, shape):
    after = rewritten(normalised(softmax, subtract_max, shape), NORMALIZE_CHANNELS)
    assert all(CAFFE.holds(node.layer, after.shapes_of(node.bottoms)) for node in after.nodes)


def test_large_values_do_not_overflow_where_the_maximum_is_subtracted():
    after = rewritten(normalised(True, True), NORMALIZE_CHANNELS)
    top = run(after, {"data": np.full((2, 5, 3, 4), 1000.0)})["y"]
    np.testing.assert_allclose(top, 1 / 5.0001, rtol=1e-6)


def test_the_net_it_makes():
    assert rewritten(normalised(False, False), NORMALIZE_CHANNELS).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 5, 3, 4)])  -> data  [2x5x3x4]\n"
        "  y_relu: ReLU() data -> y_relu  [2x5x3x4]\n"
        "  y_sum: Convolution(num_output=1, kernel_size=[1]) y_relu -> y_sum | [1, 5, 1, 1] [1]  [2x1x3x4]\n"
        "  y_inverse: Power(power=-1.0) y_sum -> y_inverse  [2x1x3x4]\n"
        "  y_factors: Convolution(num_output=5, bias_term=False, kernel_size=[1]) y_inverse -> y_factors"
        " | [5, 1, 1, 1]  [2x5x3x4]\n"
        "  y: Eltwise(operation=PROD) y_relu, y_factors -> y  [2x5x3x4]\n"
        "  outputs y\n"
    )


def test_a_softmax_is_left_alone():
    net = net_of((2, 5, 3, 4))
    add(net, "y", Softmax())
    assert rewritten(net, NORMALIZE_CHANNELS).dump() == net.dump()
