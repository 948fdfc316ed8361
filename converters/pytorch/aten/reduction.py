"""Sums, running sums, means, extremes and their places, norms, and Softmax: what looks along axes."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, prod
from typing import Literal

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.error_kinds.operations import NOT_FLOATING
from caffe_ir.layers import AbsVal, ArgMax, Eltwise, Exp, Log, Power, Softmax
from caffe_ir.layers.source import LogSoftmax, Reduce, Resample, Sub
from converters.pytorch.aten.elementwise import tensor_of
from converters.pytorch.aten.masks import differs
from converters.pytorch.aten.order import TIES, UNREAD
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Result, Value

Operation = Literal["SUM", "MEAN", "MAX", "MIN"]


def mean(call: Call, build: Build) -> Value:
    call.ignore("dtype")
    return _reduced(call, build, "MEAN")


def total(call: Call, build: Build) -> Value:
    """sum over axes, or over everything; of truth values it counts them."""
    call.ignore("dtype")
    return _reduced(call, build, "SUM", call.value(any_type=call.exact()))


def cumsum(call: Call, build: Build) -> Value:
    """The sum of all up to each place of an axis: the product with the matrix that is 1 on and below its diagonal."""
    call.ignore("dtype")
    x, kind = call.value(), call.dtypes[0]
    if not kind.is_floating_point:
        raise call.refused(
            f"a running sum in {str(kind).removeprefix('torch.')}", why="Caffe does not round", kind=NOT_FLOATING
        )
    axis = call.axis("dim", len(x.shape))
    size = prod(x.shape[axis : axis + 1])  # 1 for a number, which has no axis
    if size == 1:
        return x
    ones = Blob.computed((size, size), lambda: np.tri(size, dtype=np.float32), constant=True)
    return build.add(Resample(axes=(axis,), output_size=(size,)), x, blobs=[ones])


def amax(call: Call, build: Build) -> Value:
    return _reduced(call, build, "MAX")


def amin(call: Call, build: Build) -> Value:
    return _reduced(call, build, "MIN")


def max_dim(call: Call, build: Build) -> Result:
    """The largest along an axis, and its place; each is made where something reads it."""
    values = amax(call, build) if 0 in call.wanted else UNREAD
    return values, _place(call, build, call.value()) if 1 in call.wanted else UNREAD


def min_dim(call: Call, build: Build) -> Result:
    values = amin(call, build) if 0 in call.wanted else UNREAD
    return values, argmin(call, build) if 1 in call.wanted else UNREAD


def var(call: Call, build: Build) -> Value:
    """The sum of the squared distances to the mean, divided by the count less `correction`, 1 where nothing is said."""
    return _variance(call, build, _mean_of(call, build))


def std(call: Call, build: Build) -> Value:
    return build.add(Power(power=0.5), _variance(call, build, _mean_of(call, build), suffix="variance"))


def var_mean(call: Call, build: Build) -> Result:
    average = _mean_of(call, build)
    return _variance(call, build, average), build.reshape(average, call.shapes[1], suffix="mean")


def argmax(call: Call, build: Build) -> Value:
    """The place of the largest along an axis, or in the flattened tensor."""
    return _place(call, build, call.value())


def argmin(call: Call, build: Build) -> Value:
    return _place(call, build, build.add(Power(scale=-1.0), call.value(), suffix="negative"))


def vector_norm(call: Call, build: Build) -> Value:
    """(sum |x|^p)^(1/p); the largest or smallest |x| for infinity; for 0 how many are not 0.

    With a negative p a 0 becomes infinity, and the sum of it 0: as in torch.
    """
    call.ignore("dtype")
    order = call.number("ord" if "ord" in call.arguments else "p")
    x = call.value()
    if abs(order) == inf:
        return _reduced(call, build, "MAX" if order > 0 else "MIN", build.add(AbsVal(), x, suffix="abs"))
    if order == 0:
        return _reduced(call, build, "SUM", differs(call, build, x, 0.0, suffix="differs"))
    if order == 1:
        return _reduced(call, build, "SUM", build.add(AbsVal(), x, suffix="abs"))
    if order < 0 or order % 2:
        x = build.add(AbsVal(), x, suffix="abs")
    powers = build.add(Power(power=order), x, suffix="powers")
    return build.add(Power(power=1 / order), _reduced(call, build, "SUM", powers, suffix="sum"))


def cdist(call: Call, build: Build) -> Value:
    """The distance of each row of (.., P, M) to each of (.., R, M): the norm of their difference."""
    call.ignore("compute_mode")
    order = call.number("p")
    if order <= 0 or order == inf:
        raise call.refused(
            f"distances of order {order} are not sums", hint="write (x[:, None] - y[None]).abs().amax(-1)"
        )
    rows, columns = (build.as_value(tensor_of(call.operand(name))) for name in ("x1", "x2"))
    first = build.reshape(rows, (*rows.shape[:-1], 1, rows.shape[-1]), suffix="first")
    second = build.reshape(columns, (*columns.shape[:-2], 1, *columns.shape[-2:]), suffix="second")
    apart = build.add(Sub(), first, second, suffix="difference")
    if order % 2:
        apart = build.add(AbsVal(), apart, suffix="abs")
    powers = build.add(Power(power=order), apart, suffix="powers")
    sums = build.add(Reduce(operation="SUM", axes=(len(powers.shape) - 1,)), powers, suffix="sums")
    return build.add(Power(power=1 / order), sums)


def logsumexp(call: Call, build: Build) -> Value:
    """m + log(sum of e^(x - m)), m the largest."""
    x = call.value()
    axes = call.axes("dim", len(x.shape))
    keepdim = call.flag("keepdim")
    most = build.add(Reduce(operation="MAX", axes=axes, keepdim=True), x, suffix="max")
    shifted = build.add(Exp(), build.add(Sub(), x, most, suffix="shifted"), suffix="exp")
    sums = build.add(Reduce(operation="SUM", axes=axes, keepdim=keepdim), shifted, suffix="sum")
    largest = build.reshape(most, sums.shape, suffix="max")
    return build.add(Eltwise(operation="SUM"), build.add(Log(), sums, suffix="log"), largest)


def softmax(call: Call, build: Build) -> Value:
    call.ignore("dtype", "half_to_float")
    x = call.value()
    return build.add(Softmax(axis=call.axis("dim", len(x.shape))), x)


def log_softmax(call: Call, build: Build) -> Value:
    call.ignore("dtype", "half_to_float")
    x = call.value()
    return build.add(LogSoftmax(axis=call.axis("dim", len(x.shape))), x)


# ---- what they share -------------------------------------------------------------------------------------------------


def _axes(call: Call, rank: int) -> tuple[int, ...]:
    return call.axes("dim", rank) if "dim" in call.arguments else tuple(range(rank))


def _reduced(call: Call, build: Build, operation: Operation, x: Value | None = None, *, suffix: str = "") -> Value:
    x = call.value() if x is None else x
    axes = _axes(call, len(x.shape))
    if not axes:
        return x
    keepdim = "keepdim" in call.arguments and call.flag("keepdim")
    return build.add(Reduce(operation=operation, axes=axes, keepdim=keepdim), x, suffix=suffix)


def _mean_of(call: Call, build: Build) -> Value:
    x = call.value()
    return build.add(Reduce(operation="MEAN", axes=_axes(call, len(x.shape)), keepdim=True), x, suffix="means")


def _variance(call: Call, build: Build, average: Value, *, suffix: str = "") -> Value:
    x = call.value()
    axes = _axes(call, len(x.shape))
    count = prod(x.shape[axis] for axis in axes)
    free = count - _correction(call)
    if free <= 0:
        raise call.refused(f"a variance of {count} values", why="it divides by nothing", hint="set correction=0")
    keepdim = "keepdim" in call.arguments and call.flag("keepdim")
    squares = build.add(Power(power=2.0), build.add(Sub(), x, average, suffix="centred"), suffix="squares")
    return build.add(Reduce(operation="MEAN", axes=axes, keepdim=keepdim, scale=count / free), squares, suffix=suffix)


def _correction(call: Call) -> float:
    if "unbiased" in call.arguments:
        return float(call.flag("unbiased"))
    found = call.optional_number("correction")
    return 1.0 if found is None else found


def _place(call: Call, build: Build, x: Value) -> Value:
    keepdim = call.flag("keepdim")
    build.note("warning", TIES)
    if call.argument("dim") is None:
        flat = build.reshape(x, (1, prod(x.shape)), suffix="flat")
        return build.reshape(build.add(ArgMax(axis=1), flat, suffix="place"), call.shape)
    axis = call.axis("dim", len(x.shape))
    if len(x.shape) == 1:
        x, axis = build.reshape(x, (1, *x.shape), suffix="batch"), 1
    found = build.add(ArgMax(axis=axis), x, suffix="" if keepdim and len(call.shape) == len(x.shape) else "place")
    return build.reshape(found, call.shape)


HANDLERS: Mapping[str, Handler] = {
    "aten.mean.dim": mean,
    "aten.mean.default": mean,
    "aten.sum.dim_IntList": total,
    "aten.sum.default": total,
    "aten.cumsum.default": cumsum,
    "aten.amax.default": amax,
    "aten.amin.default": amin,
    "aten.max.default": amax,
    "aten.min.default": amin,
    "aten.max.dim": max_dim,
    "aten.min.dim": min_dim,
    "aten.var.default": var,
    "aten.var.dim": var,
    "aten.var.correction": var,
    "aten.std.default": std,
    "aten.std.dim": std,
    "aten.std.correction": std,
    "aten.var_mean.default": var_mean,
    "aten.var_mean.dim": var_mean,
    "aten.var_mean.correction": var_mean,
    "aten.argmax.default": argmax,
    "aten.argmin.default": argmin,
    "aten.linalg_vector_norm.default": vector_norm,
    "aten.norm.ScalarOpt_dim": vector_norm,
    "aten.norm.Scalar": vector_norm,
    "aten.cdist.default": cdist,
    "aten.logsumexp.default": logsumexp,
    "aten.softmax.int": softmax,
    "aten._softmax.default": softmax,
    "aten.log_softmax.int": log_softmax,
    "aten._log_softmax.default": log_softmax,
}
