from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from caffe_ir.layers.source import Erf, Gelu
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT

X = np.concatenate([np.linspace(-40, 40, 160001), np.linspace(-1e-3, 1e-3, 101), [-1e4, 1e4, -1e18, 1e18]])


def lowered(layer, size):
    net = net_of((1, size))
    add(net, "y", layer)
    run_pass(LEGALIZE, net, CONTEXT)
    return net


def computed(layer, x):
    with np.errstate(over="ignore"):
        return run(lowered(layer, x.size), {"data": x.reshape(1, -1)}, x.dtype.type)["y"].ravel()


def gelu(x):
    return x * special.ndtr(x)


def test_off_by_1_02e_12_at_most_in_float64():
    wanted = gelu(X)
    assert np.abs(computed(Gelu(), X)[:-4] - wanted[:-4]).max() < 1.02e-12
    np.testing.assert_allclose(computed(Gelu(), X)[-4:], wanted[-4:], rtol=1e-15)


def test_erf_is_off_by_1_02e_12_at_most_in_float64():
    assert np.abs(computed(Erf(), X) - special.erf(X)).max() < 1.02e-12


@pytest.mark.parametrize(("layer", "function"), [(Gelu(), gelu), (Erf(), special.erf)], ids=["gelu", "erf"])
def test_near_zero_it_is_right_relative_to_itself(layer, function):
    x = np.geomspace(1e-12, 1e-3, 200)
    np.testing.assert_allclose(computed(layer, x), function(x), rtol=3e-12)
    np.testing.assert_allclose(computed(layer, -x), function(-x), rtol=3e-12)
    assert computed(layer, np.zeros(1)) == 0


@pytest.mark.parametrize(
    ("layer", "function", "allowed"), [(Gelu(), gelu, 6e-7), (Erf(), special.erf, 2e-7)], ids=["gelu", "erf"]
)
def test_in_float32_it_loses_next_to_nothing(layer, function, allowed):
    x = X[np.abs(X) < 12].astype(np.float32)
    assert np.abs(computed(layer, x) - function(x.astype(np.float64))).max() < allowed


def test_in_float32_it_holds_far_out():
    x = np.geomspace(12, 1e19, 400, dtype=np.float32)
    np.testing.assert_array_equal(computed(Gelu(), x), x)
    assert np.abs(computed(Gelu(), -x)).max() < 1e-28
    np.testing.assert_array_equal(computed(Erf(), x), 1)


@pytest.mark.parametrize(
    ("layer", "count", "last"), [(Gelu(), 18, "Sigmoid"), (Erf(), 17, "TanH")], ids=["gelu", "erf"]
)
def test_takes_18_or_17_layers_that_every_engine_has(layer, count, last):
    net = lowered(layer, 5)
    assert {node.layer.type_name() for node in net.nodes} == {"Input", "Power", "Eltwise", last}
    assert max(len(node.bottoms) for node in net.nodes) == 2
    assert len(net.nodes) == 1 + count
    assert [str(note.kind) for note in net.notes] == ["lowered"]
    once = net.dump()
    run_pass(LEGALIZE, net, CONTEXT)
    assert net.dump() == once
