from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers.source import NormalizeChannels
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.rewriting import rewritten

FORMS = [(False, False), (True, False), (True, True)]


def normalised(softmax, subtract_max, shape=(2, 5, 3, 4)):
    net = net_of(shape)
    add(net, "y", NormalizeChannels(softmax=softmax, subtract_max=subtract_max))
    return net


@pytest.mark.parametrize(("softmax", "subtract_max"), FORMS)
@pytest.mark.parametrize("shape", [(2, 5, 3, 4), (1, 1, 1, 1)])
def test_the_function_stays(softmax, subtract_max, shape):
    after = rewritten(normalised(softmax, subtract_max, shape), LEGALIZE)
    assert all(CAFFE.holds(node.layer, after.shapes_of(node.bottoms)) for node in after.nodes)


def test_large_values_do_not_overflow_where_the_maximum_is_subtracted():
    after = rewritten(normalised(True, True), LEGALIZE)
    top = run(after, {"data": np.full((2, 5, 3, 4), 1000.0)})["y"]
    np.testing.assert_allclose(top, 1 / 5.0001, rtol=1e-6)


def test_golden_dump():
    assert written(normalised(False, False)).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 5, 3, 4)])  -> data  [2x5x3x4]\n"
        "  y_relu: ReLU() data -> y_relu  [2x5x3x4]\n"
        "  y_sum: Reduce(operation=SUM, axes=(1,), keepdim=True) y_relu -> y_sum  [2x1x3x4]\n"
        "  y_inverse: Power(power=-1.0, shift=0.0001) y_sum -> y_inverse  [2x1x3x4]\n"
        "  y: Mul() y_relu, y_inverse -> y  [2x5x3x4]\n"
        "  outputs y\n"
    )
