"""Cells that give way to others, or to which others are added, at constant indices.

What in-place calls come to: slice_scatter for x[:, 2:4] = y, index_put for x[:, [1, 3]] = y. torch itself says which
cells the result has: the call is made on the numbers of the places, old and new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import prod

import torch
from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.operations import DEPENDS_ON_INPUT
from caffe_ir.layers import Concat
from caffe_ir.layers.source import Add, Gather, Resample
from converters.pytorch.aten.axes import expanded, taken
from converters.pytorch.aten.masks import chosen
from converters.pytorch.aten.moves import DECIDED, Move, Names, along, bounded, numbers
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

ATEN = torch.ops.aten
MOST_RUNS = 16
"""As many parts are joined at most; more are chosen from one blob."""


def written(call: Call, build: Build, *, write: Move, value: str, names: Names) -> Value:
    """A tensor in which the cells of another one, or one number, take some places."""
    x = build.as_value(_tensor(call, "self"), suffix="old")
    held = call.argument(value)
    given = held if isinstance(held, Value | torch.Tensor) else torch.tensor(held, dtype=torch.float32)
    others = [call.argument(name) for name in names]
    if any(isinstance(one, Value) for one in torch.utils._pytree.tree_leaves(others)):
        raise call.refused("where it writes depends on the net's input", why=DECIDED, kind=DEPENDS_ON_INPUT)
    own, new = numbers(x.shape), numbers(tuple(given.shape), prod(x.shape))
    return _joined(call, build, x, given, write(own, new, *others))


def _joined(call: Call, build: Build, x: Value, new: Value | torch.Tensor, table: torch.Tensor) -> Value:
    """Of x and of what is written, behind one another, the cells that a table names."""
    count, shape = prod(x.shape), tuple(new.shape)
    inside = table < count
    if bool(inside.all()):
        return x
    if not bool(inside.any()) and torch.equal(table.flatten(), numbers((prod(shape),), count)):
        return build.reshape(build.as_value(new, suffix="new"), tuple(table.shape))
    for first, last in _frames(x.shape):
        before, behind = x.shape[:first], x.shape[len(x.shape) - last :]
        frame = (prod(before), -1, prod(behind))
        rows, old = table.reshape(frame), inside.reshape(frame)
        kept = old[0, :, 0]
        if not torch.equal(old, kept[None, :, None].expand(old.shape)):
            continue
        own = _middle(rows[:, kept], prod(x.shape) // (frame[0] * frame[2]))
        fits = _fitting(rows[:, ~kept] - count, new, before, behind)
        if own is not None and fits is not None:
            sizes, places = fits
            other = build.as_value(new, suffix="new")
            one = prod(shape) == 1
            other = expanded(build, other, sizes, suffix="repeated") if one else build.reshape(other, sizes)
            return _along(build, x, other, (first, before, behind), _order(kept, own, places), call.shape)
    raise call.refused("it mixes cells along several axes", why="no choice along one axis says so")


def _frames(shape: Shape) -> list[tuple[int, int]]:
    """How many axes may stay before and behind the one that changes: the most first."""
    rank = len(shape)
    pairs = [(first, last) for first in range(rank + 1) for last in range(rank + 1 - first)]
    return sorted(pairs, key=lambda pair: (-pair[0] - pair[1], -pair[0]))


def _middle(rows: torch.Tensor, size: int) -> torch.Tensor | None:
    """The places along the middle axis that cells (before, places, behind) come from; None where others than theirs."""
    lead, count, tail = rows.shape
    if count == 0:
        return torch.zeros(0, dtype=torch.int64)
    places = torch.div(rows[0, :, 0], tail, rounding_mode="floor")
    whole = torch.arange(lead)[:, None, None] * (size * tail) + places[:, None] * tail + torch.arange(tail)
    return places if torch.equal(whole, rows) else None


def _fitting(
    rows: torch.Tensor, new: Value | torch.Tensor, before: Shape, behind: Shape
) -> tuple[Shape, torch.Tensor] | None:
    """The shape (before, places, behind) in which what is written can be read, repeated if need be, and its places."""
    shape = tuple(new.shape)
    if prod(shape) == 1:
        return ((*before, 1, *behind), torch.zeros(rows.shape[1], dtype=torch.int64)) if not rows.any() else None
    lead, tail = prod(before), prod(behind)
    if prod(shape) % (lead * tail):
        return None
    size = prod(shape) // (lead * tail)
    places = _middle(rows, size)
    return None if places is None else ((*before, size, *behind), places)


def _order(kept: torch.Tensor, own: torch.Tensor, new: torch.Tensor) -> list[tuple[bool, int]]:
    """For each place of the result whether it is an old one, and which."""
    olds, news = iter(own.tolist()), iter(new.tolist())
    return [(old, next(olds) if old else next(news)) for old in kept.tolist()]


def _along(
    build: Build,
    x: Value,
    new: Value,
    frame: tuple[int, Shape, Shape],
    order: Sequence[tuple[bool, int]],
    wanted: Shape,
) -> Value:
    axis, before, behind = frame
    size = prod(x.shape) // prod((*before, *behind))
    old = build.reshape(x, (*before, size, *behind), suffix="rows")
    breaks = [place for place in range(1, len(order)) if order[place] != (order[place - 1][0], order[place - 1][1] + 1)]
    runs = [order[start:stop] for start, stop in pairwise([0, *breaks, len(order)])]
    if len(runs) <= MOST_RUNS:
        parts = [
            taken(build, old if run[0][0] else new, axis, range(run[0][1], run[-1][1] + 1), suffix="part")
            for run in runs
        ]
        return build.reshape(
            parts[0] if len(parts) == 1 else build.add(Concat(axis=axis), *parts, suffix=_inner(x, old)), wanted
        )
    both = build.add(Concat(axis=axis), old, new, suffix="both")
    indices = tuple(place if own else size + place for own, place in order)
    return build.reshape(build.add(Gather(axis=axis, indices=indices), both, suffix=_inner(x, old)), wanted)


def _inner(x: Value, seen: Value) -> str:
    return "" if x.shape == seen.shape else "joined"


# ---- cells that are added --------------------------------------------------------------------------------------------


def added(call: Call, build: Build, *, targets: Move, value: str, names: Names) -> Value:
    """A tensor to whose cells those of another one are added, several to one perhaps: a product with ones."""
    x = build.as_value(_tensor(call, "self"), suffix="old")
    others = [call.argument(name) for name in names]
    if any(isinstance(one, Value) for one in torch.utils._pytree.tree_leaves(others)):
        raise call.refused("where it adds depends on the net's input", why=DECIDED, kind=DEPENDS_ON_INPUT)
    table = targets(numbers(x.shape), *others)
    factor = call.number("alpha") if "alpha" in call.arguments else 1.0
    new = build.as_value(_tensor(call, value), suffix="new")
    for axis, size in enumerate(table.shape):
        if len(new.shape) == table.dim():
            new = taken(build, new, axis, range(min(size, new.shape[axis])), suffix="part")
    new = expanded(build, new, tuple(table.shape), suffix="repeated")
    found = along(table, x.shape)
    assert found is not None, "without axes before and behind it every table is one"
    size, count = prod(x.shape) // prod((*found.before, *found.behind)), len(found.places)
    bounded(call, size * count)
    matrix = torch.zeros(size, count)
    matrix[found.places, torch.arange(count)] = factor
    rows = build.reshape(new, (*found.before, count, *found.behind), suffix="rows")
    spread = Resample(axes=(len(found.before),), output_size=(size,))
    cells = build.reshape(build.add(spread, rows, blobs=[build.blob(matrix)], suffix="spread"), x.shape, suffix="cells")
    return build.add(Add(), x, cells)


def index_put(call: Call, build: Build) -> Value:
    """x[indices] = values, or += them; with one mask of the net's own, a choice between the two."""
    indices = call.argument("indices")
    assert isinstance(indices, list | tuple), "indices are a list"
    values, adds = call.argument("values"), call.flag("accumulate")
    if any(isinstance(item, Value) for item in indices):
        number = isinstance(values, torch.Tensor) and values.numel() == 1
        (mask, *others) = indices
        if others or not isinstance(mask, Value) or mask.dtype != torch.bool or not number or adds:
            hint = "choose with torch.where(mask, value, x)"
            raise call.refused(
                "where it writes depends on the net's input", why=DECIDED, hint=hint, kind=DEPENDS_ON_INPUT
            )
        x = build.as_value(_tensor(call, "self"), suffix="old")
        whole = (*mask.shape, *(1 for _ in x.shape[len(mask.shape) :]))
        return chosen(call, build, replace(build.reshape(mask, whole, suffix="mask"), dtype=torch.bool), values, x)
    if adds:
        return added(call, build, targets=ATEN.index.Tensor, value="values", names=("indices",))
    write = partial(_exchanged, ATEN.index_put.default)
    return written(call, build, write=write, value="values", names=("indices",))


def _exchanged(write: Move, own: torch.Tensor, new: torch.Tensor, told: object) -> torch.Tensor:
    return write(own, told, new)


def copy(call: Call, build: Build) -> Value:
    """copy_ gives what it copies, in its own shape."""
    call.ignore("self", "non_blocking")
    return expanded(build, build.as_value(_tensor(call, "src")), call.shape)


def scatter_reduce(call: Call, build: Build) -> Value:
    if call.text("reduce") != "sum" or not call.flag("include_self"):
        raise call.refused("a scatter that does not add", why="only sums of cells are a product with a matrix")
    return added(call, build, targets=torch.gather, value="src", names=("dim", "index"))


def _tensor(call: Call, name: str) -> Value | torch.Tensor:
    found = call.argument(name)
    assert isinstance(found, Value | torch.Tensor), f"{name} is a tensor"
    return found


HANDLERS: Mapping[str, Handler] = {
    "aten.copy.default": copy,
    "aten.slice_scatter.default": partial(
        written, write=ATEN.slice_scatter.default, value="src", names=("dim", "start", "end", "step")
    ),
    "aten.select_scatter.default": partial(
        written, write=ATEN.select_scatter.default, value="src", names=("dim", "index")
    ),
    "aten.diagonal_scatter.default": partial(
        written, write=ATEN.diagonal_scatter.default, value="src", names=("offset", "dim1", "dim2")
    ),
    "aten.index_copy.default": partial(
        written, write=lambda own, new, dim, at: own.index_copy(dim, at, new), value="source", names=("dim", "index")
    ),
    "aten.index_fill.int_Scalar": partial(
        written, write=lambda own, new, dim, at: own.index_fill(dim, at, new), value="value", names=("dim", "index")
    ),
    "aten.masked_scatter.default": partial(
        written, write=lambda own, new, mask: own.masked_scatter(mask, new), value="source", names=("mask",)
    ),
    "aten.scatter.src": partial(
        written, write=lambda own, new, dim, at: own.scatter(dim, at, new), value="src", names=("dim", "index")
    ),
    "aten.scatter.value": partial(
        written, write=lambda own, new, dim, at: own.scatter(dim, at, int(new)), value="value", names=("dim", "index")
    ),
    "aten.index_add.default": partial(
        added, targets=lambda own, dim, at: own.index_select(dim, at), value="source", names=("dim", "index")
    ),
    "aten.scatter_add.default": partial(added, targets=torch.gather, value="src", names=("dim", "index")),
    "aten.scatter_reduce.two": scatter_reduce,
    "aten.index_put.default": index_put,
}
