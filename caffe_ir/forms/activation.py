"""Activations that a target has no layer for, from those that nearly every reader of Caffe files computes.

Swish      x s(beta x),  s = Sigmoid
Mish       x tanh(log(1 + e^x)), in four ways:
           x TanH(BNLL(x)); in float32 over [-100, 100] at most 1.0e-6 from the truth
           x (2 / (1 + q^2) - 1),  q = 1 - s(x);  with t = e^x: q = 1 / (1 + t) and
           tanh(log(1 + t)) = ((1 + t)^2 - 1) / ((1 + t)^2 + 1) = (1 - q^2) / (1 + q^2);  1.6e-6, 2e-8 of the range
           y tanh(log(s(y))),  y = -x, as log(1 + e^x) = -log(s(-x));  1.6e-6: BNLL takes longer than s and log
           x 2 a / (1 + a^2),  a = s(x - log 2):  tanh(2 z) = 2 a / (1 + a^2) with a = tanh(z), and for
           z = log(1 + e^x) / 2 that is (e^2z - 1) / (e^2z + 1) = e^x / (e^x + 2);  1.3e-6. a / (1 + a^2) is an LRN
           of one cell, lrn_layer.cpp; OpenCV has code for it within channels, all others compute both regions alike
GeluTanh   0.5 x (1 + tanh(u)) = x s(2 u),  u = x (a + b x^2)
HardMish   x max(0, 1 - max(0, -x) / 2)
LHTan      leaky max(z, 0.001 z) on both sides of [0, 1];  Plse: with slope 0.08 on 0.125 x + 0.5
Ramp       max(x, 0) + 0.1 x = 1.1 (x for x > 0, else x / 11)
Selu       scale ELU(x)
HardSigmoid6  x / 6 + 1/2 between 0 and 1, as max(0, 1 - b max(0, 3 a - a x)), a b = 1/6;  HardSwish: that times x
HardSigmoid   0.2 x + 1/2 between 0 and 1
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log

from caffe_ir.forms.chain import SQUARED, TIMES_X, Chain, chained
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    BNLL,
    ELU,
    LRN,
    Eltwise,
    HardSigmoid,
    HardSwish,
    Log,
    Mish,
    Power,
    ReLU,
    Sigmoid,
    Swish,
    TanH,
)
from caffe_ir.layers.source import GeluTanh, HardMish, HardSigmoid6, LHTan, Plse, Ramp, Selu
from caffe_ir.replacement import Replacement

HALVED_DOUBLE_ANGLE = LRN(local_size=1, alpha=1.0, beta=1.0, norm_region="WITHIN_CHANNEL")
"""a / (1 + a^2): half of tanh(2 z), where a = tanh(z)."""


MISH_BY_BNLL: Chain = (BNLL(), TanH(), TIMES_X)
MISH_BY_SIGMOID: Chain = (
    Sigmoid(),
    Power(scale=-1.0, shift=1.0),
    SQUARED,
    Power(power=-1.0, scale=0.5, shift=0.5),
    Power(shift=-1.0),
    TIMES_X,
)
MISH_BY_LRN: Chain = (Power(shift=-log(2)), Sigmoid(), HALVED_DOUBLE_ANGLE, TIMES_X, Power(scale=2.0))

TWO_THIRDS, QUARTER = 0.6666667461395264, 0.2499999701976776
"""a and b, of which 3 a is a float32 number too: the two whose product is nearest to 1/6, off by 1.5e-14 of itself.
1/6 in float32 is off by 3e-8, of which levit_128 makes 4e-6 in a Caffe of doubles."""


def _swish(layer: Layer) -> Chain:
    assert isinstance(layer, Swish)
    scaled = () if layer.beta == 1 else (Power(scale=layer.beta),)
    return (*scaled, Sigmoid(), TIMES_X)


def _mish_by_logarithm(new: Replacement) -> str:
    negative = new.add("negative", Power(scale=-1.0), new.old.bottom)
    logarithm = new.add("log", Log(), new.add("sigmoid", Sigmoid(), negative))
    new.add("product", Eltwise(operation="PROD"), new.add("tanh", TanH(), logarithm), negative)
    return ""


def _gelu_tanh(layer: Layer) -> Chain:
    assert isinstance(layer, GeluTanh)
    return (SQUARED, Power(scale=2 * layer.cubic, shift=2 * layer.linear), TIMES_X, Sigmoid(), TIMES_X)


def _hard_mish(layer: Layer) -> Chain:
    return (Power(scale=-1.0), ReLU(), Power(scale=-0.5, shift=1.0), ReLU(), TIMES_X)


def _lhtan(layer: Layer) -> Chain:
    return between(1.0, 0.001, 1.0)


def _plse(layer: Layer) -> Chain:
    return (Power(scale=0.125, shift=0.5), *between(1.0, 0.08, 1.0))


def _ramp(layer: Layer) -> Chain:
    return (ReLU(negative_slope=1 / 11), Power(scale=1.1))


def _selu(layer: Layer) -> Chain:
    assert isinstance(layer, Selu)
    return (ELU(alpha=layer.alpha), Power(scale=layer.scale))


def _hard_sigmoid(layer: Layer) -> Chain:
    return clamped(0.2, 0.5, 1.0, 1.0)


def _hard_sigmoid_6(layer: Layer) -> Chain:
    first = Power(scale=-TWO_THIRDS, shift=3 * TWO_THIRDS)
    return (first, ReLU(), Power(scale=-QUARTER, shift=1.0), ReLU())


def _hard_swish(layer: Layer) -> Chain:
    return (*_hard_sigmoid_6(layer), TIMES_X)


def between(width: float, slope: float, top: float) -> Chain:
    """z between 0 and width as it is, beyond them with a slope; then moved so that width comes to lie at top."""
    leaky = ReLU(negative_slope=slope)
    return (leaky, Power(scale=-1.0, shift=width), leaky, Power(scale=-1.0, shift=top))


def clamped(scale: float, shift: float, top: float, width: float) -> Chain:
    """scale x + shift, no more than `top` and no less than `top - width`, less that: between 0 and `width`.

    The upper bound comes first: its subtraction takes in scale and shift, or goes into weights before it.
    """
    return (Power(scale=-scale, shift=top - shift), ReLU(), Power(scale=-1.0, shift=width), ReLU())


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    GeluTanh: (chained("x Sigmoid(2 u)", _gelu_tanh),),
    HardMish: (chained("two ReLU and a product", _hard_mish),),
    HardSigmoid: (chained("two ReLU", _hard_sigmoid),),
    HardSigmoid6: (chained("two ReLU", _hard_sigmoid_6),),
    HardSwish: (chained("two ReLU and a product", _hard_swish),),
    LHTan: (chained("two ReLU", _lhtan),),
    Mish: (
        chained("x TanH(BNLL(x))", lambda layer: MISH_BY_BNLL),
        chained("x (2 / (1 + q^2) - 1)", lambda layer: MISH_BY_SIGMOID),
        Form(name="y TanH(Log(Sigmoid(y))), y = -x", build=_mish_by_logarithm),
        chained("2 x LRN(Sigmoid(x - log 2))", lambda layer: MISH_BY_LRN),
    ),
    Plse: (chained("two ReLU", _plse),),
    Ramp: (chained("a ReLU", _ramp),),
    Selu: (chained("ELU, scaled", _selu),),
    Swish: (chained("x Sigmoid(beta x)", _swish),),
}
