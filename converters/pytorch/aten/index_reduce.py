"""index_reduce: along an axis, the extreme, product or mean of the cells that a constant index brings to a place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import torch

from caffe_ir.layer import Layer
from caffe_ir.layers import Concat
from caffe_ir.layers.source import Add, Maximum, Minimum, Mul
from converters.pytorch.aten.rearrange import gathered
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

_TOGETHER: Mapping[str, Layer] = {"amax": Maximum(), "amin": Minimum(), "prod": Mul(), "mean": Add()}
_NEUTRAL = {"prod": 1.0, "mean": 0.0}


def index_reduce(call: Call, build: Build) -> Value:
    """Cell j of the result is the reduction of x_j (with include_self) and of each source_i whose index_i is j.

    x and source stand behind each other; round r takes the r-th of the cells that belong to each j, and the rounds are
    reduced one by one. Where a cell has fewer, its first stands again (amax, amin), or a number that changes nothing.
    """
    kind, index = call.text("reduce"), call.tensor("index").reshape(-1)
    x, source = (build.as_value(call.operand(name), suffix=name) for name in ("self", "source"))  # type: ignore[arg-type]
    axis = call.axis("dim", len(x.shape))
    size = x.shape[axis]
    members = [[size + int(place) for place in torch.nonzero(index == cell)] for cell in range(size)]
    members = [[cell, *own] if call.flag("include_self") or not own else own for cell, own in enumerate(members)]
    stacked = [x, source]
    if kind in _NEUTRAL:
        shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        stacked.append(build.constant(torch.full(shape, _NEUTRAL[kind]), suffix="neutral"))
    whole = build.add(Concat(axis=axis), *stacked, suffix="stacked")
    rounds = []
    for number in range(max(map(len, members))):
        spare = [whole.shape[axis] - 1 if kind in _NEUTRAL else own[0] for own in members]
        places = [own[number] if number < len(own) else other for own, other in zip(members, spare, strict=True)]
        rounds.append(gathered(build, whole, axis, torch.tensor(places), suffix=f"round_{number}"))
    together = reduce(lambda one, other: build.add(_TOGETHER[kind], one, other), rounds)
    if kind != "mean":
        return together
    counts = torch.tensor([float(len(own)) for own in members]).reshape(-1, *(1 for _ in x.shape[axis + 1 :]))
    return build.add(Mul(), together, build.constant(1 / counts.double(), suffix="counts"))


HANDLERS: Mapping[str, Handler] = {"aten.index_reduce.default": index_reduce}
