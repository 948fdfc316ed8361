from __future__ import annotations

import numpy as np

from caffe_ir.layers import ReLU, Sigmoid
from converters.verify.values import embedded
from tests.caffe_ir.build import add, net_of


def test_values_come_under_the_sources_names_also_in_place() -> None:
    net = net_of((1, 2))
    add(net, "a", Sigmoid())
    add(net, "b", ReLU(), in_place=True)
    held = {"conv_0": "a", "relu_0": "b", "alias": "b"}
    seen = dict(embedded(net, held, {"data": np.zeros((1, 2))}, np.float64))
    assert set(seen) == set(held)
    assert seen["conv_0"].tolist() == [[0.5, 0.5]]
