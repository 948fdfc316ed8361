"""Sums, differences and products of activations, constants and numbers."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from caffe_ir.layers import Eltwise, Power
from caffe_ir.layers.source import Add, Div, Mul, Sub
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Operand, Value


def add(call: Call, build: Build) -> Value:
    """self + alpha other, with torch's broadcasting."""
    return _sum(call, build, (_whole(call, "self"), 1.0), (_whole(call, "other"), call.number("alpha")))


def sub(call: Call, build: Build) -> Value:
    """self - alpha other."""
    return _sum(call, build, (_whole(call, "self"), 1.0), (_whole(call, "other"), -call.number("alpha")))


def rsub(call: Call, build: Build) -> Value:
    """other - alpha self."""
    return _sum(call, build, (_whole(call, "self"), -call.number("alpha")), (_whole(call, "other"), 1.0))


def mul(call: Call, build: Build) -> Value:
    first, second = (_whole(call, name) for name in ("self", "other"))
    for one, other in ((first, second), (second, first)):
        if isinstance(one, Value) and (factor := scalar(one, other)) is not None:
            return one if factor == 1.0 else build.add(Power(scale=factor), one)
    assert not isinstance(first, int | float), "two numbers make no call"
    assert not isinstance(second, int | float), "two numbers make no call"
    left, right = build.as_value(first), build.as_value(second)
    return build.add(Eltwise(operation="PROD") if left.shape == right.shape else Mul(), left, right)


def div(call: Call, build: Build) -> Value:
    """self / other; for a number as self (number / other)."""
    dividend, divisor = _whole(call, "self"), _whole(call, "other")
    if isinstance(dividend, Value) and (number := scalar(dividend, divisor)):
        return dividend if number == 1.0 else build.add(Power(scale=1.0 / number), dividend)
    if isinstance(divisor, Value) and (number := scalar(divisor, dividend)):
        return build.add(Power(power=-1.0, scale=1.0 / number), divisor)
    return build.add(Div(), _term(build, dividend), _term(build, divisor))


def _whole(call: Call, name: str) -> Operand:
    """An operand of any type, a truth value being 1 or 0, where the result is of one that floats hold."""
    return call.operand(name, any_type=call.exact())


def scalar(value: Value, other: Operand) -> float | None:
    """The one number that `other` is beside a value whose shape it does not change; None otherwise."""
    if isinstance(other, Value):
        return None
    if isinstance(other, torch.Tensor):
        return float(other.item()) if other.numel() == 1 and other.dim() <= len(value.shape) else None
    return float(other)


def _sum(call: Call, build: Build, first: tuple[Operand, float], second: tuple[Operand, float]) -> Value:
    for (one, factor), (other, weight) in ((first, second), (second, first)):
        if isinstance(one, Value) and (number := scalar(one, other)) is not None:
            shift = weight * number
            return one if (factor, shift) == (1.0, 0.0) else build.add(Power(scale=factor, shift=shift), one)
    left, right = (_term(build, operand) for operand, _ in (first, second))
    factors = (first[1], second[1])
    if left.shape == right.shape:
        return build.add(Eltwise(operation="SUM", coeff=() if factors == (1.0, 1.0) else factors), left, right)
    if factors in ((1.0, -1.0), (-1.0, 1.0)):
        return build.add(Sub(), *((left, right) if factors[0] > 0 else (right, left)))
    terms = (
        value if factor == 1.0 else build.add(Power(scale=factor), value, suffix="factor")
        for value, factor in zip((left, right), factors, strict=True)
    )
    return build.add(Add(), *terms)


def _term(build: Build, operand: Operand) -> Value:
    return build.as_value(operand if isinstance(operand, Value | torch.Tensor) else torch.tensor(float(operand)))


HANDLERS: Mapping[str, Handler] = {
    "aten.add.Tensor": add,
    "aten.add.Scalar": add,
    "aten.sub.Tensor": sub,
    "aten.sub.Scalar": sub,
    "aten.rsub.Tensor": rsub,
    "aten.rsub.Scalar": rsub,
    "aten.mul.Tensor": mul,
    "aten.mul.Scalar": mul,
    "aten.div.Tensor": div,
    "aten.div.Scalar": div,
}
