from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers.source import Linear
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.rewriting import CONTEXT

RANDOM = np.random.default_rng(0)


def linear(shape, *, bias=True):
    net = net_of(shape)
    weights = [RANDOM.standard_normal((6, shape[-1])), RANDOM.standard_normal(6)]
    add(net, "fc", Linear(num_output=6, bias_term=bias), *weights[: 1 + bias])
    return net


def test_golden_dump():
    assert written(linear((2, 3, 4))).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4)])  -> data  [2x3x4]\n"
        "  fc_rows: Reshape(shape=(6, 4)) data -> fc_rows  [6x4]\n"
        "  fc_product: InnerProduct(num_output=6) fc_rows -> fc_product | [6, 4] [6]  [6x6]\n"
        "  fc: Reshape(shape=(2, 3, 6)) fc_product -> fc  [2x3x6]\n"
        "  outputs fc\n"
    )


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (2, 1, 3, 4), (1, 2, 3, 2, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_any_number_of_axes(shape, bias):
    net = written(linear(shape, bias=bias))
    assert all(CONTEXT.target.holds(node.layer, net.shapes_of(node.bottoms)) for node in net.nodes)
    assert len(net.nodes) == (2 if len(shape) == 2 else 4)
