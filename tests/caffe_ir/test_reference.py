from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from caffe_ir import reference
from caffe_ir.layers import Convolution, DummyData, Eltwise, Sigmoid
from tests.caffe_ir.build import add, net_of


def test_runs_in_the_dtype_asked_for() -> None:
    net = net_of((2, 3))
    add(net, "y", Sigmoid())
    x = np.linspace(-2, 2, 6).reshape(2, 3)
    double = reference.run(net, {"data": x}, np.float64)["y"]
    single = reference.run(net, {"data": x})["y"]
    assert double.dtype == np.float64
    assert single.dtype == np.float32
    np.testing.assert_allclose(double, expit(x), rtol=1e-14)
    np.testing.assert_allclose(single, expit(x), rtol=3e-7)


def test_a_constant_needs_no_feed_and_an_input_does() -> None:
    net = net_of((1, 2))
    add(net, "five", DummyData(shape=(1, 2), value=5.0), bottoms=())
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("data", "five"))
    assert reference.run(net, {"data": np.ones((1, 2))}, np.float64)["sum"].tolist() == [[6, 6]]
    with pytest.raises(ValueError, match="fed"):
        reference.run(net, {})
    with pytest.raises(ValueError, match=r"\(1, 2\), not \(2, 2\)"):
        reference.run(net, {"data": np.ones((2, 2))})


def test_walk_lets_blobs_go_after_their_last_reader() -> None:
    net = net_of((1, 1, 4, 4))
    for number in range(3):
        add(net, f"c{number}", Convolution(num_output=1, kernel_size=(1, 1), bias_term=False), [[[[2.0]]]])
    seen = {node.name: tops[0].sum() for node, tops in reference.walk(net, {"data": np.ones((1, 1, 4, 4))})}
    assert seen == {"data": 16, "c0": 32, "c1": 64, "c2": 128}
