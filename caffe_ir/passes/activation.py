"""Activations that the target has no layer for, from those that it has.

Each is a chain of layers on x; TIMES_X multiplies what the chain has so far with x, SQUARED with itself (Eltwise PROD).
They are layers that nearly every reader of Caffe files computes rightly: Sigmoid, ReLU, Power and Eltwise PROD.

    Swish      x s(beta x),  s = Sigmoid
    Mish       x tanh(log(1 + e^x)) = x (2 / (1 + q^2) - 1),  q = 1 - s(x);  with t = e^x: q = 1 / (1 + t) and
               tanh(log(1 + t)) = ((1 + t)^2 - 1) / ((1 + t)^2 + 1) = (1 - q^2) / (1 + q^2)
               In float32 over [-100, 100] at most 1.6e-6 from the truth, 2e-8 of the range; x TanH(BNLL(x)): 1.0e-6
    GeluTanh   0.5 x (1 + tanh(u)) = x s(2 u),  u = x (a + b x^2)
    HardMish   x max(0, 1 - max(0, -x) / 2)
    Clip       high - max(0, (high - low) - max(0, x - low)): no constant, all in place, off by roundings of high - low
    LHTan      the same with leaky max(z, 0.001 z) between 0 and 1;  Plse: with slope 0.08 on 0.125 x + 0.5
    Ramp       max(x, 0) + 0.1 x = 1.1 (x for x > 0, else x / 11)
    Selu       scale ELU(x)
    HardSigmoid  Clip of x / 6 + 1/2 to [0, 1];  HardSwish: that times x
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from caffe_ir.layer import Layer
from caffe_ir.layers import ELU, Clip, Eltwise, Power, ReLU, Sigmoid, Swish
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.source_layers import GeluTanh, HardMish, HardSigmoid, HardSwish, LHTan, Mish, Plse, Ramp, Selu

TIMES_X: Literal["times x"] = "times x"
SQUARED: Literal["squared"] = "squared"
Step = Layer | Literal["times x", "squared"]
Chain = tuple[Step, ...]


def _swish(layer: Layer) -> Chain:
    assert isinstance(layer, Swish)
    scaled = () if layer.beta == 1 else (Power(scale=layer.beta),)
    return (*scaled, Sigmoid(), TIMES_X)


def _mish(layer: Layer) -> Chain:
    fraction = Power(power=-1.0, scale=0.5, shift=0.5)
    return (Sigmoid(), Power(scale=-1.0, shift=1.0), SQUARED, fraction, Power(shift=-1.0), TIMES_X)


def _gelu_tanh(layer: Layer) -> Chain:
    assert isinstance(layer, GeluTanh)
    return (SQUARED, Power(scale=2 * layer.cubic, shift=2 * layer.linear), TIMES_X, Sigmoid(), TIMES_X)


def _hard_mish(layer: Layer) -> Chain:
    return (Power(scale=-1.0), ReLU(), Power(scale=-0.5, shift=1.0), ReLU(), TIMES_X)


def _clip(layer: Layer) -> Chain:
    assert isinstance(layer, Clip)
    low, high = layer.min, layer.max
    if low > high:  # clip_layer.cpp: max(low, min(x, high))
        return (Power(scale=0.0, shift=low),)
    if math.isinf(low) and math.isinf(high):
        return (Power(),)
    if math.isinf(low):
        return (Power(scale=-1.0, shift=high), ReLU(), Power(scale=-1.0, shift=high))
    if math.isinf(high):
        return (*_shifted(-low), ReLU(), *_shifted(low))
    return (*_shifted(-low), *_between(high - low, 0.0, high))


def _lhtan(layer: Layer) -> Chain:
    return _between(1.0, 0.001, 1.0)


def _plse(layer: Layer) -> Chain:
    return (Power(scale=0.125, shift=0.5), *_between(1.0, 0.08, 1.0))


def _ramp(layer: Layer) -> Chain:
    return (ReLU(negative_slope=1 / 11), Power(scale=1.1))


def _selu(layer: Layer) -> Chain:
    assert isinstance(layer, Selu)
    return (ELU(alpha=layer.alpha), Power(scale=layer.scale))


def _hard_sigmoid(layer: Layer) -> Chain:
    return (Power(scale=1 / 6, shift=0.5), *_between(1.0, 0.0, 1.0))


def _hard_swish(layer: Layer) -> Chain:
    return (*_hard_sigmoid(layer), TIMES_X)


def _shifted(by: float) -> Chain:
    return () if by == 0 else (Power(shift=by),)


def _between(width: float, slope: float, top: float) -> Chain:
    """z between 0 and width as it is, beyond them with a slope; then moved so that width comes to lie at top."""
    leaky = ReLU(negative_slope=slope)
    return (leaky, Power(scale=-1.0, shift=width), leaky, Power(scale=-1.0, shift=top))


CHAINS: dict[type[Layer], Callable[[Layer], Chain]] = {
    Clip: _clip,
    GeluTanh: _gelu_tanh,
    HardMish: _hard_mish,
    HardSigmoid: _hard_sigmoid,
    HardSwish: _hard_swish,
    LHTan: _lhtan,
    Mish: _mish,
    Plse: _plse,
    Ramp: _ramp,
    Selu: _selu,
    Swish: _swish,
}


def _rewrite(net: Net, node: Node, context: Context) -> None:
    if context.target.holds(node.layer, net.shapes_of(node.bottoms)):
        return
    chain = CHAINS[type(node.layer)](node.layer)
    new, current = Replacement(net=net, old=node), node.bottom
    for step in chain:
        layer, bottoms, suffix = _link(step, current, node.bottom)
        current = new.add(suffix, layer, *bottoms)
    new.finish()
    spelled = ", ".join(step if isinstance(step, str) else step.type_name() for step in chain)
    net.note("lowered", f"{node.layer} -> {spelled}", node.origin)


def _link(step: Step, current: str, x: str) -> tuple[Layer, tuple[str, ...], str]:
    """The layer of a step, what it reads, and the suffix of its name."""
    if isinstance(step, Layer):
        return step, (current,), step.type_name().lower()
    other = x if step == TIMES_X else current
    return Eltwise(operation="PROD"), (current, other), "product" if step == TIMES_X else "square"


ACTIVATION = Pass(name="activation", visits=tuple(CHAINS), rewrite=_rewrite)
