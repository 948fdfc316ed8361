from __future__ import annotations

import numpy as np
from scipy import special

from caffe_ir.passes.base import run_pass
from caffe_ir.passes.gelu import GELU
from caffe_ir.reference import run
from caffe_ir.source_layers import Gelu, Mish
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT

X = np.concatenate([np.linspace(-40, 40, 160001), np.linspace(-1e-3, 1e-3, 101), [-1e4, 1e4, -1e18, 1e18]])


def lowered(size):
    net = net_of((1, size))
    add(net, "y", Gelu())
    run_pass(GELU, net, CONTEXT)
    return net


def computed(x):
    with np.errstate(over="ignore"):
        return run(lowered(x.size), {"data": x.reshape(1, -1)}, x.dtype.type)["y"].ravel()


def test_off_by_2_4e_11_at_most_in_float64():
    wanted = X * special.ndtr(X)
    assert np.abs(computed(X)[:-4] - wanted[:-4]).max() < 2.5e-11
    np.testing.assert_allclose(computed(X)[-4:], wanted[-4:], rtol=1e-15)


def test_near_zero_it_is_right_relative_to_itself():
    x = np.geomspace(1e-12, 1e-3, 200)
    np.testing.assert_allclose(computed(x), x * special.ndtr(x), rtol=1e-11)


def test_in_float32_it_loses_next_to_nothing():
    x = X[np.abs(X) < 12].astype(np.float32)
    exact = x.astype(np.float64) * special.ndtr(x.astype(np.float64))
    assert np.abs(computed(x) - exact).max() < 6e-7


def test_takes_19_layers_that_every_engine_has():
    net = lowered(5)
    assert {node.layer.type_name() for node in net.nodes} == {"Input", "Power", "Eltwise", "Sigmoid"}
    assert len(net.nodes) == 1 + 19
    assert [str(note.kind) for note in net.notes] == ["lowered"]
    once = net.dump()
    run_pass(GELU, net, CONTEXT)
    assert net.dump() == once


def test_leaves_other_activations_alone():
    net = net_of((1, 3))
    add(net, "y", Mish())
    before = net.dump()
    run_pass(GELU, net, CONTEXT)
    assert net.dump() == before
