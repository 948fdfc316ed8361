"""Products along an axis, and running products and extremes: two halves at a time, or two shifted copies.

y_i = x_1 * .. * x_i comes of steps s = 1, 2, 4 ..: what is s further on is multiplied with what stands here (Hillis,
Steele 1986), each a Slice, an Eltwise and a Concat.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod

from caffe_ir.layers import Concat, Eltwise
from caffe_ir.layers.source import Minimum
from converters.pytorch.aten.axes import taken
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Missing, Result, Value

Pair = Eltwise | Minimum
PRODUCT, LARGER = Eltwise(operation="PROD"), Eltwise(operation="MAX")


def product(call: Call, build: Build) -> Value:
    """The product along an axis, or of all values: that of its halves, until one value is left."""
    call.ignore("dtype", "keepdim")  # the shape says the one
    x = call.value()
    if "dim" in call.arguments:
        axis = call.axis("dim", len(x.shape))
    else:
        x, axis = build.reshape(x, (1, prod(x.shape)), suffix="flat"), 1
    while (size := x.shape[axis]) > 1:
        half = size // 2
        first, second = (taken(build, x, axis, range(at, at + half), suffix="half") for at in (0, half))
        y = build.add(PRODUCT, first, second, suffix="halves")
        odd = [taken(build, x, axis, range(size - 1, size), suffix="odd")] if size % 2 else []
        x = build.add(Concat(axis=axis), y, *odd, suffix="joined") if odd else y
    return build.reshape(x, call.shape)


def cumprod(call: Call, build: Build) -> Value:
    call.ignore("dtype")
    return _running(call, build, PRODUCT)


def cumulated_extreme(call: Call, build: Build, both: Pair) -> Result:
    """cummax and cummin: the extreme of all up to each place."""
    return _running(call, build, both), Missing(what="the place of a running extreme", why="Caffe has none")


def _running(call: Call, build: Build, both: Pair) -> Value:
    x = call.value()
    axis = call.axis("dim", len(x.shape))
    size, step = prod(x.shape[axis : axis + 1]), 1
    while step < size:
        here, further = (taken(build, x, axis, range(at, size - step + at), suffix="shifted") for at in (0, step))
        first = taken(build, x, axis, range(step), suffix="first")
        last = build.add(both, further, here, suffix="both")
        x = build.add(Concat(axis=axis), first, last, suffix="" if 2 * step >= size else f"step{step}")
        step *= 2
    return x


HANDLERS: Mapping[str, Handler] = {
    "aten.prod.default": product,
    "aten.prod.dim_int": product,
    "aten.cumprod.default": cumprod,
    "aten.cummax.default": partial(cumulated_extreme, both=LARGER),
    "aten.cummin.default": partial(cumulated_extreme, both=Minimum()),
}
