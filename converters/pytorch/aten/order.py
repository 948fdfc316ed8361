"""The largest and smallest along an axis in their order, and their places: topk, sort, kthvalue, median.

Caffe's ArgMax has them: with `out_max_val` the numbers, without it their places. The smallest are the largest of -x.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod

from caffe_ir.error_kinds.operations import EMPTY
from caffe_ir.layers import ArgMax, Power
from converters.pytorch.aten.axes import taken
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Missing, Result, Value

TIES = "of equal numbers torch takes the first and Caffe the last"
UNREAD = Missing(what="a result that nothing reads")


def topk(call: Call, build: Build) -> Result:
    """The k largest or smallest along an axis, the best first."""
    if not call.flag("sorted"):
        raise call.refused("topk in no order", why="torch does not say which one comes first", hint="set sorted=True")
    x, axis = _rows(call, build)
    largest, count = call.flag("largest"), call.integer("k")
    return _both(call, partial(_ranked, call, build, x, axis, count, largest=largest))


def sort(call: Call, build: Build) -> Result:
    """All along an axis, the smallest first, or the largest first where it is descending."""
    call.ignore("stable")
    x, axis = _rows(call, build)
    return _both(call, partial(_ranked, call, build, x, axis, x.shape[axis], largest=call.flag("descending")))


def argsort(call: Call, build: Build) -> Value:
    call.ignore("stable")
    x, axis = _rows(call, build)
    return _ranked(call, build, x, axis, x.shape[axis], largest=call.flag("descending"), places=True)


def msort(call: Call, build: Build) -> Value:
    """All along the first axis, the smallest first."""
    x, axis = _rows(call, build)
    return _ranked(call, build, x, axis, x.shape[axis], largest=False, places=False)


def kthvalue(call: Call, build: Build) -> Result:
    """The k-th smallest along an axis, and its place."""
    call.ignore("keepdim")
    x, axis = _rows(call, build)
    return _both(call, partial(_nth, call, build, x, axis, call.integer("k")))


def median_of_all(call: Call, build: Build) -> Value:
    """The number in the middle, of two the smaller."""
    count = prod(call.value().shape)
    x = build.reshape(call.value(), (1, count), suffix="flat")
    return _nth(call, build, x, 1, (count + 1) // 2, places=False)


def median(call: Call, build: Build) -> Result:
    """The number in the middle along an axis, of two the smaller, and its place."""
    call.ignore("keepdim")
    x, axis = _rows(call, build)
    return _both(call, partial(_nth, call, build, x, axis, (x.shape[axis] + 1) // 2))


# ---- what they share -------------------------------------------------------------------------------------------------


def _rows(call: Call, build: Build) -> tuple[Value, int]:
    """The tensor and the axis to look along; one of a single axis, or of none, becomes a row of a matrix."""
    x = call.value()
    if len(x.shape) < 2:
        call.ignore("dim")
        return build.reshape(x, (1, prod(x.shape)), suffix="batch"), 1
    return x, call.axis("dim", len(x.shape)) if "dim" in call.arguments else 0


def _both(call: Call, result: partial[Value]) -> Result:
    """The numbers and their places; each is made where something reads it."""
    return tuple(result(places=places) if int(places) in call.wanted else UNREAD for places in (False, True))


def _ranked(call: Call, build: Build, x: Value, axis: int, count: int, *, largest: bool, places: bool) -> Value:
    """The `count` largest or smallest along an axis, or their places, the best first."""
    return build.reshape(_best(call, build, x, axis, count, largest=largest, places=places), call.shape)


def _nth(call: Call, build: Build, x: Value, axis: int, nth: int, *, places: bool) -> Value:
    """The nth smallest along an axis, or its place, from the end that is nearer."""
    behind = x.shape[axis] - nth + 1
    count = min(nth, behind)
    best = _best(call, build, x, axis, count, largest=behind < nth, places=places)
    return build.reshape(taken(build, best, axis, range(count - 1, count), suffix="nth"), call.shape)


def _best(call: Call, build: Build, x: Value, axis: int, count: int, *, largest: bool, places: bool) -> Value:
    if not count:
        raise call.refused("it takes nothing", why="Caffe has no blob without numbers", kind=EMPTY)
    if places:
        build.note("warning", TIES)
    suffix = "place" if places else "best"
    if largest:
        return build.add(ArgMax(axis=axis, top_k=count, out_max_val=not places), x, suffix=suffix)
    negative = build.add(Power(scale=-1.0), x, suffix="negative")
    best = build.add(ArgMax(axis=axis, top_k=count, out_max_val=not places), negative, suffix=suffix)
    return best if places else build.add(Power(scale=-1.0), best, suffix="smallest")


HANDLERS: Mapping[str, Handler] = {
    "aten.topk.default": topk,
    "aten.sort.default": sort,
    "aten.sort.stable": sort,
    "aten.argsort.default": argsort,
    "aten.argsort.stable": argsort,
    "aten.msort.default": msort,
    "aten.kthvalue.default": kthvalue,
    "aten.median.default": median_of_all,
    "aten.median.dim": median,
}
