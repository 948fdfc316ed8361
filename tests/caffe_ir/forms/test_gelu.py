from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import special

from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.forms import FORMS
from caffe_ir.layers import Eltwise, Power, Sigmoid
from caffe_ir.layers.source import Erf, Gelu, MatrixProduct
from caffe_ir.memory import held
from caffe_ir.passes.base import Options, run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE, TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.rewriting import CONTEXT

X = np.concatenate([np.linspace(-40, 40, 160001), np.linspace(-1e-3, 1e-3, 101), [-1e4, 1e4, -1e18, 1e18]])
POWERS, SUM, RATIONAL = FORMS[Gelu]
(OF_ERF,) = FORMS[Erf]
FIELDS = ("power", "scale", "shift")


def net_with(layer, size):
    net = net_of((1, size))
    add(net, "y", layer)
    return net


def computed(form, layer, x):
    net = written(net_with(layer, x.size), form, check=False)
    with np.errstate(over="ignore"):
        return run(net, {"data": x.reshape(1, -1)}, x.dtype.type)["y"].ravel()


def gelu(x):
    return x * special.ndtr(x)


@pytest.mark.parametrize(
    ("form", "bound"), [(POWERS, 5.8e-10), (SUM, 3.7e-11), (RATIONAL, 1.02e-12)], ids=["powers", "sum", "rational"]
)
def test_the_largest_error_in_float64(form, bound):
    wanted, found = gelu(X), computed(form, Gelu(), X)
    assert np.abs(found[:-4] - wanted[:-4]).max() < bound
    np.testing.assert_allclose(found[-4:], wanted[-4:], rtol=1e-15)


def test_the_chain_of_powers_is_nearer_where_most_numbers_of_a_net_are():
    x = np.linspace(-1, 1, 20001)
    assert np.abs(computed(POWERS, Gelu(), x) - gelu(x)).max() < 4e-10


def test_erf_is_off_by_1_02e_12_at_most_in_float64():
    assert np.abs(computed(OF_ERF, Erf(), X) - special.erf(X)).max() < 1.02e-12


@pytest.mark.parametrize(
    ("form", "layer", "function", "allowed"),
    [
        (POWERS, Gelu(), gelu, 4e-11),
        (SUM, Gelu(), gelu, 4e-11),
        (RATIONAL, Gelu(), gelu, 3e-12),
        (OF_ERF, Erf(), special.erf, 3e-12),
    ],
    ids=["powers", "sum", "rational", "erf"],
)
def test_near_zero_it_is_right_relative_to_itself(form, layer, function, allowed):
    x = np.geomspace(1e-12, 1e-3, 200)
    np.testing.assert_allclose(computed(form, layer, x), function(x), rtol=allowed)
    np.testing.assert_allclose(computed(form, layer, -x), function(-x), rtol=allowed)
    assert computed(form, layer, np.zeros(1)) == 0


@pytest.mark.parametrize(
    ("form", "layer", "function", "allowed"),
    [
        (POWERS, Gelu(), gelu, 6e-7),
        (SUM, Gelu(), gelu, 6e-7),
        (RATIONAL, Gelu(), gelu, 6e-7),
        (OF_ERF, Erf(), special.erf, 2e-7),
    ],
    ids=["powers", "sum", "rational", "erf"],
)
def test_in_float32_it_loses_next_to_nothing(form, layer, function, allowed):
    x = X[np.abs(X) < 12].astype(np.float32)
    assert np.abs(computed(form, layer, x) - function(x.astype(np.float64))).max() < allowed


@pytest.mark.parametrize("flushed", [False, True])
@pytest.mark.parametrize(
    ("form", "most"), [(POWERS, 1e19), (SUM, 1e9), (RATIONAL, 1e19)], ids=["powers", "sum", "rational"]
)
def test_in_float32_it_holds_far_out(form, most, flushed, monkeypatch):
    if flushed:
        for kind in (Power, Sigmoid, Eltwise):
            monkeypatch.setattr(kind, "forward", without_subnormals(kind.forward))
    x = np.geomspace(12, most, 400, dtype=np.float32)
    np.testing.assert_array_equal(computed(form, Gelu(), x), x)
    assert np.abs(computed(form, Gelu(), -x)).max() < 1e-28


def without_subnormals(forward):
    """A layer on a machine that takes numbers below the smallest normal one for 0."""

    def flushed(self, bottoms, blobs):
        tops = forward(self, bottoms, blobs)
        return [np.where(np.abs(top) < np.finfo(top.dtype).tiny, top.dtype.type(0), top) for top in tops]

    return flushed


def test_erf_in_float32_holds_far_out():
    np.testing.assert_array_equal(computed(OF_ERF, Erf(), np.geomspace(12, 1e19, 400, dtype=np.float32)), 1)


def rounded_to_float32(layer):
    """As Caffe has a layer that it computes in double: float fields, whose numbers become double again."""
    return replace(layer, **{name: float(np.float32(getattr(layer, name))) for name in ("power", "scale", "shift")})


def test_with_the_numbers_of_a_prototxt_it_is_off_by_5_8e_10_at_most(tmp_path):
    net = lower(net_with(Gelu(), X.size), CAFFE, Options())
    files = write(net, tmp_path / "net", CAFFE)
    back = read(files.prototxt, files.caffemodel)
    by_decimals = run(back, {"data": X.reshape(1, -1)}, np.float64)["y"].ravel()
    assert np.abs(by_decimals - gelu(X))[:-4].max() < 5.8e-10
    for node in [node for node in back.nodes if isinstance(node.layer, Power)]:
        back.update(node, replace(node, layer=rounded_to_float32(node.layer)))
    by_float32 = run(back, {"data": X.reshape(1, -1)}, np.float64)["y"].ravel()
    assert np.abs(by_float32 - gelu(X))[:-4].max() < 5.8e-10


@pytest.mark.parametrize(
    ("form", "layer", "count", "last"),
    [(POWERS, Gelu(), 8, "Sigmoid"), (RATIONAL, Gelu(), 18, "Sigmoid"), (OF_ERF, Erf(), 17, "TanH")],
    ids=["powers", "rational", "erf"],
)
def test_layers_that_every_engine_has(form, layer, count, last):
    net = written(net_with(layer, 5), form, check=False)
    assert {node.layer.type_name() for node in net.nodes} == {"Input", "Power", "Eltwise", last}
    assert max(len(node.bottoms) for node in net.nodes) == 2
    assert len(net.nodes) == 1 + count


@pytest.mark.parametrize(("target", "blobs"), [("caffe", 4), ("caffe-master", 3)])
def test_caffe_gets_eight_layers_and_four_blobs(target, blobs):
    """A product overwrites a factor only in files for Caffe alone: ncnn's converter takes the two for one blob."""
    net = net_with(Gelu(), 1000)
    add(net, "end", Gelu())
    run_pass(LEGALIZE, net, CONTEXT)
    assert len(net.nodes) == 1 + 2 * 8
    net = lower(net_with(Gelu(), 1000), TARGETS[target], Options())
    assert held(net).blobs == 4 * 1000 * blobs


@pytest.mark.parametrize(("count", "sums", "bound"), [(1, 0, 5.8e-10), (19, 0, 1.11e-8), (20, 20, 1e-9)])
def test_nets_of_many_get_the_nearer_formula(count, sums, bound):
    net = net_of((1, 5))
    for number in range(count):
        add(net, f"y{number}", Gelu())
    run_pass(LEGALIZE, net, CONTEXT)
    assert len([node for node in net.nodes if node.layer == Eltwise(operation="SUM")]) == sums
    assert len(net.nodes) == 1 + 8 * count
    x = wanted = np.linspace(-5, 5, 5)
    for _ in range(count):
        wanted = gelu(wanted)
    found = run(net, {"data": x.reshape(1, -1)}, np.float64)[net.outputs[0]].ravel()
    assert np.abs(found - wanted).max() < bound


@pytest.mark.parametrize(("count", "sums"), [(6, 0), (7, 7)])
def test_attention_wants_it_nearer(count, sums):
    net = net_of((2, 3, 3))
    add(net, "product", MatrixProduct(), bottoms=("data", "data"))
    for number in range(count):
        add(net, f"y{number}", Gelu())
    run_pass(LEGALIZE, net, CONTEXT)
    adds = [node for node in net.nodes if node.layer == Eltwise(operation="SUM")]
    assert len(adds) == sums


def test_the_sum_has_the_numbers_that_are_good_together():
    """Each field is the shortest decimal of a float32 number, and these numbers are as near."""
    net = written(net_with(Gelu(), X.size), SUM, check=False)
    for node in [node for node in net.nodes if isinstance(node.layer, Power)]:
        rounded = rounded_to_float32(node.layer)
        assert all(float(str(np.float32(getattr(rounded, name)))) == getattr(node.layer, name) for name in FIELDS)
        net.update(node, replace(node, layer=rounded))
    found = run(net, {"data": X.reshape(1, -1)}, np.float64)["y"].ravel()
    assert np.abs(found - gelu(X))[:-4].max() < 3.7e-11
