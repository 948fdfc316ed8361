from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import Eltwise, Input, Parameter
from caffe_ir.layers.source import Add, Maximum, Minimum, Mul, Sub
from caffe_ir.passes.constant_operand import CONSTANT_OPERAND
from caffe_ir.passes.dead import DEAD
from caffe_ir.passes.legalize import LEGALIZE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

X = (2, 3, 4, 5)


def of(layer, constant, *, first=False, shape=X):
    net = net_of(shape)
    add(net, "constant", Parameter(shape=np.shape(constant)), constant, bottoms=())
    add(net, "y", layer, bottoms=("constant", "data") if first else ("data", "constant"))
    return net


def layers(net):
    return [str(node.layer) for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("layer", "first", "wanted"),
    [
        (Mul(), False, "Power(scale=6.0)"),
        (Add(), False, "Power(shift=6.0)"),
        (Sub(), False, "Power(shift=-6.0)"),
        (Sub(), True, "Power(scale=-1.0, shift=6.0)"),
        (Maximum(), False, "Clip(min=6.0, max=inf)"),
        (Minimum(), True, "Clip(min=-inf, max=6.0)"),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(), (1, 3, 1, 1)], ids=str)
def test_feature_map_plus_6_and_times_6(layer, first, wanted, shape):
    """Practitioners' pitfall: there is no blob for the constant; one number needs none, in whatever shape it comes."""
    assert layers(rewritten(of(layer, np.full(shape, 6.0), first=first), CONSTANT_OPERAND, DEAD)) == [wanted]


CONSTANTS = {
    (3, 1, 1): "Scale({})",
    (1, 3, 1, 1): "Scale({})",
    (5,): "Scale(axis=3{})",
    (4, 5): "Scale(axis=2, num_axes=2{})",
    (4, 1): "Scale(axis=2{})",
    (3, 1, 5): "Scale(num_axes=3{})",
    (2, 3, 4, 5): "Scale(axis=0, num_axes=4{})",
    (2, 1, 1, 1): "Scale(axis=0{})",
}


@pytest.mark.parametrize("shape", CONSTANTS, ids=str)
def test_numbers_for_some_axes_are_a_scale_from_the_first_of_them_on(shape):
    constant = np.random.default_rng(1).normal(size=shape)
    for layer in (Mul(), Add(), Sub()):
        (scale,) = layers(rewritten(of(layer, constant, first=True), CONSTANT_OPERAND, DEAD))
        bias = "" if layer == Mul() else ", bias_term=True"
        assert scale == CONSTANTS[shape].format(bias).replace("(, ", "(")


@pytest.mark.parametrize("layer", [Eltwise(operation="SUM", coeff=(2.0, -3.0)), Eltwise(operation="PROD")], ids=str)
def test_operands_of_one_shape(layer):
    constant = np.random.default_rng(1).normal(size=X)
    assert len(layers(rewritten(of(layer, constant), CONSTANT_OPERAND, DEAD))) == 1


@pytest.mark.parametrize("layer", [Maximum(), Minimum()], ids=str)
def test_extremes_with_small_numbers_are_a_relu_between_scales(layer):
    net = rewritten(of(layer, np.array([-1.0, 0.5, 2.0]).reshape(3, 1, 1)), CONSTANT_OPERAND, DEAD, LEGALIZE)
    assert layers(net) == ["Scale(bias_term=True)", "ReLU()", "Scale(bias_term=True)"]


def test_extremes_with_large_numbers_keep_every_digit_and_stay():
    net = of(Maximum(), np.array([-1e6, 0.5, 2.0]).reshape(3, 1, 1))
    assert rewritten(net, CONSTANT_OPERAND).dump() == net.dump()


def test_golden_dump():
    assert rewritten(of(Add(), np.arange(3.0).reshape(3, 1, 1)), CONSTANT_OPERAND, DEAD).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  y: Scale(bias_term=True) data -> y | [3] [3]  [2x3x4x5]\n"
        "  outputs y\n"
    )


def test_leaves_alone_what_the_constant_makes_larger_and_what_has_none():
    larger = of(Mul(), np.ones((2, 3, 1, 1)), shape=(1, 1, 4, 5))
    assert rewritten(larger, CONSTANT_OPERAND).dump() == larger.dump()
    two = net_of(X)
    add(two, "other", Input(shape=X), bottoms=())
    add(two, "y", Add(), bottoms=("data", "other"))
    assert rewritten(two, CONSTANT_OPERAND).dump() == two.dump()
