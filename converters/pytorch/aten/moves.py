"""Cells that change places at constant indices.

torch itself says where each cell goes: the call is made on the numbers of the places. What the table of places then
says is written as choices along one axis, with the axes before and behind it as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod

import torch
from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.operations import DEPENDS_ON_INPUT
from caffe_ir.layers.source import Gather
from converters.pytorch.aten.axes import permuted, taken
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

Move = Callable[..., torch.Tensor]
Names = tuple[str, ...]
MOST_WEIGHTS = 1 << 26
"""The most numbers of a matrix that brings cells to their places: 256 MB."""
DECIDED = "a Caffe net reads the same cells every time"


class Along(Struct, frozen=True, kw_only=True):
    """Places of a tensor (before, size, behind) as places of its middle axis alone."""

    before: Shape
    behind: Shape
    places: torch.Tensor


def along(table: torch.Tensor, shape: Shape) -> Along | None:
    """The places of a tensor of this shape that a table names, as such of one axis; None where a lead or tail differs.

    As many axes as can be stay before and behind it.
    """
    wanted = tuple(table.shape)
    most = min(len(wanted), len(shape))
    for count in range(most, -1, -1):
        for first in range(count, -1, -1):
            last = count - first
            before, behind = shape[:first], shape[len(shape) - last :]
            if wanted[:first] != before or wanted[len(wanted) - last :] != behind:
                continue
            lead, tail = prod(before), prod(behind)
            cells = table.reshape(lead, -1, tail)
            middle = prod(shape) // (lead * tail)
            places = torch.div(cells[0, :, 0], tail, rounding_mode="floor")
            whole = torch.arange(lead)[:, None, None] * (middle * tail) + places[:, None] * tail + torch.arange(tail)
            if bool((places < middle).all()) and torch.equal(whole, cells):
                return Along(before=before, behind=behind, places=places)
    return None


def moved(call: Call, build: Build, x: Value, table: torch.Tensor, *, suffix: str = "") -> Value:
    """The cells of x that a table names by their numbers in the flattened x."""
    found = along(table, x.shape)
    assert found is not None, "without axes before and behind it every table is one"
    size = prod(x.shape) // prod((*found.before, *found.behind))
    bounded(call, size * len(found.places))
    rows = build.reshape(x, (*found.before, size, *found.behind), suffix="rows")
    wanted = (*found.before, len(found.places), *found.behind)
    layer = Gather(axis=len(found.before), indices=tuple(int(place) for place in found.places))
    cells = build.add(layer, rows, suffix=suffix if wanted == tuple(table.shape) else "cells")
    return build.reshape(cells, tuple(table.shape), suffix=suffix)


def numbers(shape: Shape, first: int = 0) -> torch.Tensor:
    """The cells of a tensor of this shape numbered from `first` on in the order of memory, in its shape, as int64."""
    return torch.arange(first, first + prod(shape)).reshape(shape)


# ---- cells at other places -------------------------------------------------------------------------------------------


def rearranged(call: Call, build: Build, *, move: Move, names: Names) -> Value:
    """What torch makes of the numbers of the places, by the call's other arguments."""
    x = call.value(any_type=True)
    return moved(call, build, x, move(numbers(x.shape), *(call.argument(name) for name in names)))


def gather(call: Call, build: Build) -> Value:
    """x[index[i][j][k]][j][k] along the first axis, and so for others; the rest of x is cut to the index's sizes."""
    call.ignore("sparse_grad")
    x, index = call.value(any_type=True), _index(call, "index")
    axis = call.axis("dim", len(x.shape))
    for other, size in enumerate(index.shape):
        x = taken(build, x, other, range(size), suffix="part") if other != axis else x
    return moved(call, build, x, numbers(x.shape).gather(axis, index))


def take(call: Call, build: Build) -> Value:
    x = call.value(any_type=True)
    return moved(call, build, x, numbers(x.shape).take(_index(call, "index")))


def unfold(call: Call, build: Build) -> Value:
    """Windows of an axis: their cells become the last axis."""
    x, size, step = call.value(any_type=True), call.integer("size"), call.integer("step")
    axis = call.axis("dimension", len(x.shape))
    count = call.shape[axis]
    indices = tuple(start * step + place for start in range(count) for place in range(size))
    cells = build.add(Gather(axis=axis, indices=indices), x, suffix="cells")
    apart = build.reshape(cells, (*x.shape[:axis], count, size, *x.shape[axis + 1 :]), suffix="windows")
    order = (*range(axis + 1), *range(axis + 2, len(x.shape) + 1), axis + 1)
    return permuted(build, apart, order)


def _index(call: Call, name: str) -> torch.Tensor:
    found = call.argument(name)
    if isinstance(found, Value):
        raise call.refused(
            "its indices depend on the net's input",
            why=DECIDED,
            hint="end the net before it, or use a mask",
            kind=DEPENDS_ON_INPUT,
        )
    assert isinstance(found, torch.Tensor), f"{name} is a tensor"
    return found


def bounded(call: Call, weights: int) -> None:
    """Raises Refused where a matrix would have more than MOST_WEIGHTS numbers."""
    if weights > MOST_WEIGHTS:
        raise call.refused(
            f"it takes a matrix of {weights} numbers",
            why=f"cells that are not in rows are moved by such a product, of at most {MOST_WEIGHTS}",
            hint="choose along one axis at a time",
        )


HANDLERS: Mapping[str, Handler] = {
    "aten.gather.default": gather,
    "aten.take.default": take,
    "aten.unfold.default": unfold,
    "aten.diagonal.default": partial(rearranged, move=torch.diagonal, names=("offset", "dim1", "dim2")),
}
