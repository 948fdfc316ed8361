"""Comparisons and masks: 1 for true and 0 for false, and what is chosen by them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

import torch

from caffe_ir.error_kinds.operations import NOT_FINITE, NOT_FLOATING
from caffe_ir.layers import AbsVal, Eltwise, Log, Power, Threshold
from caffe_ir.layers.source import Add, Maximum, Mul, Reduce, Sub
from converters.pytorch.aten.elementwise import pair, tensor_of
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Operand, Value


def compared(call: Call, build: Build, *, less: bool, equal: bool) -> Value:
    """self > other, or <, >=, <=: Threshold says x > t, and what is not greater is less or equal."""
    x = build.as_value(tensor_of(call.operand("self", any_type=True)))
    other = call.operand("other", any_type=True)
    swapped = less != equal  # x < t is -x > -t; x >= t is not x < t
    if isinstance(other, Value) or (isinstance(other, torch.Tensor) and other.numel() > 1):
        against = build.as_value(tensor_of(other))
        first, second = (against, x) if swapped else (x, against)
        number, x = 0.0, build.add(Sub(), first, second, suffix="difference")
    elif swapped:
        x, number = build.add(Power(scale=-1.0), x, suffix="negative"), -float(other)
    else:
        number = float(other)
    if not equal:
        return build.add(Threshold(threshold=number), x)
    return build.add(Power(scale=-1.0, shift=1.0), build.add(Threshold(threshold=number), x, suffix="opposite"))


def equal(call: Call, build: Build, *, negated: bool) -> Value:
    """self == other, or self != other: neither is greater."""
    x, other = build.as_value(tensor_of(call.operand("self", any_type=True))), call.operand("other", any_type=True)
    if other == x:
        raise call.refused(
            "it asks which numbers are none", why="Caffe's layers do not tell NaN from others", kind=NOT_FINITE
        )
    apart = differs(call, build, x, other, suffix="" if negated else "differs")
    return apart if negated else build.add(Power(scale=-1.0, shift=1.0), apart)


def differs(call: Call, build: Build, x: Value, other: Operand, *, suffix: str = "") -> Value:
    """1 where x > other or x < other, else 0."""
    number = 0.0
    if isinstance(other, Value) or (isinstance(other, torch.Tensor) and other.numel() > 1):
        x = build.add(Sub(), x, build.as_value(tensor_of(other)), suffix="difference")
    else:
        number = float(other)
    above = build.add(Threshold(threshold=number), x, suffix="above")
    negative = build.add(Power(scale=-1.0), x, suffix="negative")
    below = build.add(Threshold(threshold=-number), negative, suffix="below")
    return build.add(Eltwise(operation="SUM"), above, below, suffix=suffix)


def exclusive(call: Call, build: Build) -> Value:
    """One of the two, not both: the amount by which 1 and 0 differ."""
    difference = pair(build, Sub(), _boolean(call, build, "self"), _boolean(call, build, "other"), suffix="difference")
    return build.add(AbsVal(), difference)


def anywhere(call: Call, build: Build, *, operation: Literal["MAX", "MIN"]) -> Value:
    """Whether any, or each, of the values along some axes is not 0."""
    x = build.as_value(tensor_of(_boolean(call, build, "self")))
    axes = call.axes("dim", len(x.shape)) if "dim" in call.arguments else tuple(range(len(x.shape)))
    keepdim = "keepdim" in call.arguments and call.flag("keepdim")
    return build.add(Reduce(operation=operation, axes=axes, keepdim=keepdim), x)


def logical_not(call: Call, build: Build) -> Value:
    return build.add(Power(scale=-1.0, shift=1.0), build.as_value(tensor_of(_boolean(call, build, "self"))))


def logical_and(call: Call, build: Build) -> Value:
    return pair(build, Mul(), _boolean(call, build, "self"), _boolean(call, build, "other"))


def logical_or(call: Call, build: Build) -> Value:
    return pair(build, Maximum(), _boolean(call, build, "self"), _boolean(call, build, "other"))


def where(call: Call, build: Build) -> Value:
    """self where the condition holds, else other."""
    return chosen(call, build, call.argument("condition"), call.argument("self"), call.argument("other"))


def masked_fill(call: Call, build: Build) -> Value:
    """The value where the mask holds, else self."""
    return chosen(call, build, call.argument("mask"), call.argument("value"), call.argument("self"))


def chosen(call: Call, build: Build, mask: object, yes: object, no: object) -> Value:
    """`yes` where the mask holds, else `no`: yes mask + no (1 - mask).

    Numbers that a constant mask hides are never multiplied: they may be infinite.
    """
    if isinstance(mask, Value):
        return _by_value(call, build, mask, yes, no)
    assert isinstance(mask, torch.Tensor), "a condition is a tensor"
    hidden = mask.bool()
    terms, constant = [], torch.zeros(())
    for name, term, shown in (("yes", yes, hidden), ("no", no, ~hidden)):
        if not isinstance(term, Value):
            held = torch.as_tensor(term, dtype=torch.float64)
            constant = constant + torch.where(shown, held, torch.zeros((), dtype=torch.float64))
        else:
            terms.append((name, term, shown))
    if len(terms) == 1 and bool((constant[terms[0][2].expand(constant.shape)] == 0).all()) and _infinite(constant):
        return build.add(Add(), terms[0][1], build.constant(constant.float()))  # x + -inf is -inf
    if _infinite(constant):
        raise call.refused(
            "it mixes infinite and finite numbers",
            why="0 times infinity is not a number",
            hint="choose finite ones, such as 1e4",
            kind=NOT_FINITE,
        )
    masked = [
        build.add(Mul(), term, build.constant(shown.float(), suffix=f"{name}_mask"), suffix=name)
        for name, term, shown in terms
    ]
    if len(masked) == 2:
        return build.add(Add(), *masked)
    return build.add(Add(), masked[0], build.constant(constant.float()))


def _infinite(constant: torch.Tensor) -> bool:
    return not bool(torch.isfinite(constant).all())


def _by_value(call: Call, build: Build, mask: Value, yes: object, no: object) -> Value:
    for term, other, shown in ((yes, no, Power(scale=-1.0, shift=1.0)), (no, yes, Power())):
        if not isinstance(term, Value) and _all_hidden(term) and not _may_be_infinite(other):
            shows = mask if shown == Power() else build.add(shown, mask, suffix="shown")
            hidden = build.add(Log(), shows, suffix="hidden")  # log 0 is -inf, log 1 is 0
            return pair(build, Add(), _term(other), hidden)
    for term in (yes, no):
        if isinstance(term, int | float | torch.Tensor) and _infinite(torch.as_tensor(term)):
            raise call.refused(
                "it chooses an infinite number",
                why="0 times infinity is not a number",
                hint="choose a finite one, such as 1e4",
                kind=NOT_FINITE,
            )
    rest = build.add(Power(scale=-1.0, shift=1.0), mask, suffix="rest")
    terms = [
        pair(build, Mul(), weight, _term(term), suffix=name)
        for weight, term, name in ((mask, yes, "yes"), (rest, no, "no"))
    ]
    return build.add(Add(), *terms)


def _all_hidden(term: object) -> bool:
    return bool((torch.as_tensor(term, dtype=torch.float64) == -torch.inf).all())


def _may_be_infinite(term: object) -> bool:
    return not isinstance(term, Value) and _infinite(torch.as_tensor(term, dtype=torch.float64))


def _term(term: object) -> Operand:
    return term if isinstance(term, Value) else torch.as_tensor(term, dtype=torch.float32)


def _boolean(call: Call, build: Build, name: str) -> Operand:
    """An argument as truth values: whatever is not 0 is true. Refuses what works on the bits of integers."""
    if call.dtypes[0] != torch.bool:
        raise call.refused(
            "it works on the bits of integers", why="Caffe computes in floating point", kind=NOT_FLOATING
        )
    found = call.argument(name)
    if isinstance(found, torch.Tensor):
        return found.bool().float()
    value = call.value(name, any_type=True)
    return value if value.dtype == torch.bool else differs(call, build, value, 0.0, suffix=f"{name}_differs")


HANDLERS: Mapping[str, Handler] = {
    "aten.gt.Scalar": partial(compared, less=False, equal=False),
    "aten.gt.Tensor": partial(compared, less=False, equal=False),
    "aten.ge.Scalar": partial(compared, less=False, equal=True),
    "aten.ge.Tensor": partial(compared, less=False, equal=True),
    "aten.lt.Scalar": partial(compared, less=True, equal=False),
    "aten.lt.Tensor": partial(compared, less=True, equal=False),
    "aten.le.Scalar": partial(compared, less=True, equal=True),
    "aten.le.Tensor": partial(compared, less=True, equal=True),
    "aten.eq.Scalar": partial(equal, negated=False),
    "aten.eq.Tensor": partial(equal, negated=False),
    "aten.ne.Scalar": partial(equal, negated=True),
    "aten.ne.Tensor": partial(equal, negated=True),
    "aten.any.default": partial(anywhere, operation="MAX"),
    "aten.any.dim": partial(anywhere, operation="MAX"),
    "aten.any.dims": partial(anywhere, operation="MAX"),
    "aten.all.default": partial(anywhere, operation="MIN"),
    "aten.all.dim": partial(anywhere, operation="MIN"),
    "aten.all.dims": partial(anywhere, operation="MIN"),
    "aten.logical_xor.default": exclusive,
    "aten.bitwise_xor.Tensor": exclusive,
    "aten.__xor__.Tensor": exclusive,
    "aten.logical_not.default": logical_not,
    "aten.bitwise_not.default": logical_not,
    "aten.logical_and.default": logical_and,
    "aten.bitwise_and.Tensor": logical_and,
    "aten.__and__.Tensor": logical_and,
    "aten.logical_or.default": logical_or,
    "aten.bitwise_or.Tensor": logical_or,
    "aten.__or__.Tensor": logical_or,
    "aten.where.self": where,
    "aten.where.ScalarOther": where,
    "aten.where.ScalarSelf": where,
    "aten.masked_fill.Scalar": masked_fill,
    "aten.masked_fill.Tensor": masked_fill,
}
