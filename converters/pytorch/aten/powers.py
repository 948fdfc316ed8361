"""Powers: of values to constants, and of constants to values."""

from __future__ import annotations

from collections.abc import Mapping
from math import log, prod

import torch

from caffe_ir.blob import Shape
from caffe_ir.layers import Concat, Exp, Power, Slice
from caffe_ir.layers.source import Expand, Gather, Mul
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

MOST_EXPONENTS = 16
"""As many Powers stand side by side at most."""


def power(call: Call, build: Build) -> Value:
    """self^exponent for a number; a negative self has a power for whole exponents only, in Caffe as in torch."""
    return _raised(build, call.value(), call.number("exponent"))


def power_of_number(call: Call, build: Build) -> Value:
    """number^exponent."""
    return _of_base(call, build, torch.tensor(call.number("self"), dtype=torch.float64), call.value("exponent"))


def power_of_tensors(call: Call, build: Build) -> Value:
    """self^exponent where one of the two is a constant tensor."""
    base, exponent = call.operand("self"), call.operand("exponent")
    if isinstance(base, torch.Tensor) and isinstance(exponent, Value):
        return _of_base(call, build, base, exponent)
    if isinstance(base, Value) and isinstance(exponent, torch.Tensor):
        return _to_exponents(call, build, base, exponent)
    raise call.refused(
        "both the base and the exponent depend on the net's input",
        why="Caffe's Power has a constant exponent, and e^(y log x) is x^y for a positive x only",
        hint="write torch.exp(y * torch.log(x)) where x is positive",
    )


def _of_base(call: Call, build: Build, base: torch.Tensor, x: Value) -> Value:
    """base^x = e^(x log base): many programs do not read the base of Exp."""
    if not bool((base > 0).all()):
        raise call.refused(f"powers of {float(base.min())}", why="Caffe's Exp takes positive bases only")
    if base.numel() == 1 and base.dim() <= len(x.shape):
        return build.add(Exp(), build.add(Power(scale=log(base.item())), x, suffix="exponent"))
    logarithms = build.constant(base.double().log(), suffix="log_base")
    return build.add(Exp(), build.add(Mul(), x, logarithms, suffix="exponent"))


def _to_exponents(call: Call, build: Build, x: Value, exponents: torch.Tensor) -> Value:
    """Each cell to its own exponent: sorted by them, a Power for all cells of one, and put back."""
    distinct = sorted(set(exponents.double().reshape(-1).tolist()))
    if x.shape != call.shape:
        x = build.add(Expand(shape=call.shape), x, suffix="expanded")
    if len(distinct) == 1:
        return _raised(build, x, distinct[0])
    if len(distinct) > MOST_EXPONENTS:
        raise call.refused(
            f"{len(distinct)} exponents",
            why="each is a Power of its own, and e^(y log x) is x^y for a positive x only",
            hint="write torch.exp(y * torch.log(x)) where x is positive",
        )
    begin, end, of_row = _varying(exponents.double(), call.shape)
    rows = build.reshape(x, (*x.shape[:begin], of_row.numel(), *x.shape[end:]), suffix="rows")
    order = tuple(torch.argsort(of_row, stable=True).tolist())
    back = tuple(torch.argsort(torch.tensor(order)).tolist())
    sort = order != tuple(range(len(order)))
    if sort:
        rows = build.add(Gather(axis=begin, indices=order), rows, suffix="sorted")
    points = tuple(int((of_row < exponent).sum()) for exponent in distinct[1:])
    parts = build.add_many(Slice(axis=begin, slice_point=points), rows, tops=len(distinct), suffix="part")
    raised = [
        _raised(build, part, exponent, suffix=f"power_{place}")
        for place, (part, exponent) in enumerate(zip(parts, distinct, strict=True))
    ]
    flat = rows.shape == call.shape
    joined = build.add(Concat(axis=begin), *raised, suffix="" if flat and not sort else "joined")
    if sort:
        joined = build.add(Gather(axis=begin, indices=back), joined, suffix="" if flat else "back")
    return build.reshape(joined, call.shape)


def _varying(exponents: torch.Tensor, shape: Shape) -> tuple[int, int, torch.Tensor]:
    """The axes from `begin` to `end` along which the exponents differ, and those of the cells along these axes."""
    aligned = exponents.reshape((1,) * (len(shape) - exponents.dim()) + tuple(exponents.shape))
    axes = [axis for axis, size in enumerate(aligned.shape) if size > 1]
    begin, end = axes[0], axes[-1] + 1
    block = aligned.reshape(aligned.shape[begin:end]).expand(shape[begin:end])
    return begin, end, block.reshape(prod(shape[begin:end]))


def _raised(build: Build, x: Value, exponent: float, *, suffix: str = "") -> Value:
    return x if exponent == 1 else build.add(Power(power=exponent), x, suffix=suffix)


HANDLERS: Mapping[str, Handler] = {
    "aten.pow.Tensor_Scalar": power,
    "aten.pow.Scalar": power_of_number,
    "aten.pow.Tensor_Tensor": power_of_tensors,
}
