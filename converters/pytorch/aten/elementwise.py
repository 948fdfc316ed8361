"""Functions of single values, and extremes and products of two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import inf, log

import torch

from caffe_ir.layer import Layer
from caffe_ir.layers import BNLL, AbsVal, Clip, Eltwise, Exp, Log, Power, Threshold
from caffe_ir.layers.source import Add, Div, Erf, Maximum, Minimum, Mul, Sub
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Operand, Value

# ---- functions of one value ------------------------------------------------------------------------------------------


def layer(call: Call, build: Build, one: Layer) -> Value:
    """What one layer of Caffe computes; of integers where it gives integers."""
    return build.add(one, call.value(any_type=call.exact() and not call.dtypes[0].is_floating_point))


def expm1(call: Call, build: Build) -> Value:
    return build.add(Power(shift=-1.0), build.add(Exp(), call.value(), suffix="exp"))


def exponential(call: Call, build: Build, base: float) -> Value:
    """base^x = e^(x log base): many programs do not read the base of Exp."""
    return build.add(Exp(), build.add(Power(scale=log(base)), call.value(), suffix="exponent"))


def logarithm(call: Call, build: Build, base: float) -> Value:
    """log x / log base: many programs read none of Log's numbers."""
    return build.add(Power(scale=1 / log(base)), build.add(Log(), call.value(), suffix="log"))


def log1p(call: Call, build: Build) -> Value:
    return build.add(Log(), build.add(Power(shift=1.0), call.value(), suffix="in"))


def sign(call: Call, build: Build) -> Value:
    """1 where x > 0, -1 where x < 0."""
    x = call.value()
    positive = build.add(Threshold(), x, suffix="positive")
    negative = build.add(Threshold(), build.add(Power(scale=-1.0), x, suffix="minus"), suffix="negative")
    return build.add(Eltwise(operation="SUM", coeff=(1.0, -1.0)), positive, negative)


# ---- extremes --------------------------------------------------------------------------------------------------------


def clamp(call: Call, build: Build) -> Value:
    """min(max(x, low), high), either of which may be missing."""
    low, high = (call.optional_number(name) if name in call.arguments else None for name in ("min", "max"))
    x = call.value(any_type=call.exact())
    if low is not None and high is not None and low > high:  # torch gives high then, Caffe's Clip low
        return build.add(Power(scale=0.0, shift=high), x)
    return build.add(Clip(min=-inf if low is None else low, max=inf if high is None else high), x)


def clamp_tensor(call: Call, build: Build) -> Value:
    """The bounds are constants or other values."""
    x: Operand = call.value()
    for name, extreme in (("min", Maximum()), ("max", Minimum())):
        if name in call.arguments and call.argument(name) is not None:
            last = name == "max" or "max" not in call.arguments or call.arguments["max"].value is None
            x = pair(build, extreme, x, call.operand(name), suffix="" if last else name)
    assert isinstance(x, Value), "a value came in"
    return x


def maximum(call: Call, build: Build) -> Value:
    return pair(build, Maximum(), call.operand("self"), call.operand("other"))


def minimum(call: Call, build: Build) -> Value:
    return pair(build, Minimum(), call.operand("self"), call.operand("other"))


# ---- sums of products ------------------------------------------------------------------------------------------------


def addcmul(call: Call, build: Build) -> Value:
    """self + value tensor1 tensor2."""
    return _added(call, build, Mul())


def addcdiv(call: Call, build: Build) -> Value:
    """self + value tensor1 / tensor2."""
    return _added(call, build, Div())


def lerp(call: Call, build: Build) -> Value:
    """self + weight (end - self) for a number."""
    weight = call.number("weight")
    first, last = build.as_value(tensor_of(call.operand("self"))), build.as_value(tensor_of(call.operand("end")))
    terms = [
        build.add(Power(scale=factor), value, suffix=name)
        for value, factor, name in ((first, 1 - weight, "self"), (last, weight, "end"))
    ]
    return build.add(Add(), *terms)


def logaddexp(call: Call, build: Build) -> Value:
    """log(e^a + e^b) = max(a, b) + log(1 + e^-|a - b|)."""
    first, second = (build.as_value(tensor_of(call.operand(name))) for name in ("self", "other"))
    most = build.add(Maximum(), first, second, suffix="max")
    apart = build.add(AbsVal(), build.add(Sub(), first, second, suffix="difference"), suffix="apart")
    rest = build.add(BNLL(), build.add(Power(scale=-1.0), apart, suffix="negative"), suffix="rest")
    return build.add(Eltwise(operation="SUM"), most, rest)


def hypotenuse(call: Call, build: Build) -> Value:
    """The root of self^2 + other^2."""
    squares = [
        build.add(Power(power=2.0), build.as_value(tensor_of(call.operand(name))), suffix=f"{name}_square")
        for name in ("self", "other")
    ]
    return build.add(Power(power=0.5), build.add(Add(), *squares, suffix="squares"))


def hyperbolic(call: Call, build: Build, *, sign: float) -> Value:
    """(e^x + sign e^-x) / 2: cosh and sinh."""
    x = call.value()
    rising, falling = (
        build.add(Exp(), y, suffix=name)
        for y, name in ((x, "rising"), (build.add(Power(scale=-1.0), x, suffix="negative"), "falling"))
    )
    return build.add(Eltwise(operation="SUM", coeff=(0.5, 0.5 * sign)), rising, falling)


def erfc(call: Call, build: Build) -> Value:
    return build.add(Power(scale=-1.0, shift=1.0), build.add(Erf(), call.value(), suffix="erf"))


def logit(call: Call, build: Build) -> Value:
    """log(x / (1 - x)) = -log(1 / x - 1), of x within eps and 1 - eps where eps is given."""
    x, eps = call.value(), call.optional_number("eps")
    if eps is not None:
        x = build.add(Clip(min=eps, max=1 - eps), x, suffix="inside")
    odds = build.add(Power(shift=-1.0), build.add(Power(power=-1.0), x, suffix="inverse"), suffix="odds")
    return build.add(Power(scale=-1.0), build.add(Log(), odds, suffix="log"))


def _added(call: Call, build: Build, both: Layer) -> Value:
    first, second = call.operand("tensor1"), call.operand("tensor2")
    product = pair(build, both, first, second, suffix="product")
    factor = call.number("value")
    if factor != 1:
        product = build.add(Power(scale=factor), product, suffix="factor")
    return pair(build, Add(), call.operand("self"), product)


# ---- operands --------------------------------------------------------------------------------------------------------


def pair(build: Build, both: Layer, first: Operand, second: Operand, *, suffix: str = "") -> Value:
    """A layer of two bottoms on values and constants."""
    return build.add(both, build.as_value(tensor_of(first)), build.as_value(tensor_of(second)), suffix=suffix)


def tensor_of(operand: Operand) -> Value | torch.Tensor:
    """The operand, a number as a tensor without axes."""
    return operand if isinstance(operand, Value | torch.Tensor) else torch.tensor(float(operand))


def _one(layer_of_caffe: Layer) -> Handler:
    handler: Callable[[Call, Build], Value] = partial(layer, one=layer_of_caffe)
    return handler


HANDLERS: Mapping[str, Handler] = {
    "aten.abs.default": _one(AbsVal()),
    "aten.neg.default": _one(Power(scale=-1.0)),
    "aten.square.default": _one(Power(power=2.0)),
    "aten.sqrt.default": _one(Power(power=0.5)),
    "aten.rsqrt.default": _one(Power(power=-0.5)),
    "aten.reciprocal.default": _one(Power(power=-1.0)),
    "aten.exp.default": _one(Exp()),
    "aten.exp2.default": partial(exponential, base=2.0),
    "aten.expm1.default": expm1,
    "aten.erf.default": _one(Erf()),
    "aten.special_erf.default": _one(Erf()),
    "aten.erfc.default": erfc,
    "aten.special_erfc.default": erfc,
    "aten.cosh.default": partial(hyperbolic, sign=1.0),
    "aten.sinh.default": partial(hyperbolic, sign=-1.0),
    "aten.hypot.default": hypotenuse,
    "aten.logaddexp.default": logaddexp,
    "aten.logit.default": logit,
    "aten.log.default": _one(Log()),
    "aten.log2.default": partial(logarithm, base=2.0),
    "aten.log10.default": partial(logarithm, base=10.0),
    "aten.log1p.default": log1p,
    "aten.sign.default": sign,
    "aten.clamp.default": clamp,
    "aten.clamp.Tensor": clamp_tensor,
    "aten.clamp_min.default": clamp,
    "aten.clamp_min.Tensor": clamp_tensor,
    "aten.clamp_max.default": clamp,
    "aten.clamp_max.Tensor": clamp_tensor,
    "aten.clip.default": clamp,
    "aten.maximum.default": maximum,
    "aten.max.other": maximum,
    "aten.fmax.default": maximum,
    "aten.fmin.default": minimum,
    "aten.minimum.default": minimum,
    "aten.min.other": minimum,
    "aten.addcmul.default": addcmul,
    "aten.addcdiv.default": addcdiv,
    "aten.lerp.Scalar": lerp,
}
