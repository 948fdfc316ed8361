"""Axes in another order, parts of axes, and repetition along them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.operations import EMPTY
from caffe_ir.layers import Concat, Slice, Tile
from caffe_ir.layers.source import Expand, Gather, Permute
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Result, Value


def permuted(build: Build, x: Value, order: tuple[int, ...], *, suffix: str = "") -> Value:
    """The axes in another order; a Reshape where only axes of size 1 move."""
    shape = tuple(x.shape[axis] for axis in order)
    moved = [axis for axis in order if x.shape[axis] != 1]
    if moved == sorted(moved):
        return replace(build.reshape(x, shape, suffix=suffix), dtype=x.dtype)
    return replace(build.add(Permute(order=order), x, suffix=suffix), dtype=x.dtype)


def permute(call: Call, build: Build) -> Value:
    x = call.value(any_type=True)
    return permuted(build, x, tuple(axis % len(x.shape) for axis in call.integers("dims")))


def transpose(call: Call, build: Build) -> Value:
    """transpose, swapaxes, swapdims: two axes change places."""
    x = call.value(any_type=True)
    rank = len(x.shape)
    names = ("dim0", "dim1") if "dim0" in call.arguments else ("axis0", "axis1")
    return permuted(build, x, _exchanged(rank, *(call.axis(name, rank) for name in names)))


def transpose_matrix(call: Call, build: Build) -> Value:
    """t, mT, adjoint: the last two axes change places; a vector stays."""
    x = call.value(any_type=True)
    rank = len(x.shape)
    return x if rank < 2 else permuted(build, x, _exchanged(rank, rank - 2, rank - 1))


def transpose_all(call: Call, build: Build) -> Value:
    """T: all axes in reverse."""
    x = call.value(any_type=True)
    return permuted(build, x, tuple(reversed(range(len(x.shape)))))


def movedim(call: Call, build: Build) -> Value:
    """Some axes at other places, the rest in their order."""
    x = call.value(any_type=True)
    rank = len(x.shape)
    pairs = zip(call.integers("source"), call.integers("destination"), strict=True)
    placed = {destination % rank: source % rank for source, destination in pairs}
    others = iter([axis for axis in range(rank) if axis not in placed.values()])
    return permuted(build, x, tuple(placed[place] if place in placed else next(others) for place in range(rank)))


# ---- parts -----------------------------------------------------------------------------------------------------------


def taken(build: Build, x: Value, axis: int, places: range, *, suffix: str = "") -> Value:
    """Some places of an axis; the value itself where these are all."""
    if len(places) == x.shape[axis]:
        return x
    return replace(build.add(Gather(axis=axis, indices=tuple(places)), x, suffix=suffix), dtype=x.dtype)


def slices(call: Call, build: Build) -> Value:
    """x[start:end:step] along an axis."""
    x = call.value(any_type=True)
    axis = call.axis("dim", len(x.shape))
    start, end = (call.argument(name) for name in ("start", "end"))
    assert isinstance(start, int | None), "the shapes are fixed"
    assert isinstance(end, int | None), "the shapes are fixed"
    places = range(*slice(start, end, call.integer("step")).indices(x.shape[axis]))
    if not places:
        raise call.refused("it takes nothing", why="Caffe has no blob without numbers", kind=EMPTY)
    return taken(build, x, axis, places)


def narrow(call: Call, build: Build) -> Value:
    x = call.value(any_type=True)
    axis, start = call.axis("dim", len(x.shape)), call.integer("start")
    start += x.shape[axis] if start < 0 else 0
    return taken(build, x, axis, range(start, start + call.integer("length")))


def select(call: Call, build: Build) -> Value:
    """One place of an axis, which goes."""
    x = call.value(any_type=True)
    axis = call.axis("dim", len(x.shape))
    place = call.integer("index") % x.shape[axis]
    one = taken(build, x, axis, range(place, place + 1), suffix="place")
    return replace(build.reshape(one, call.shape), dtype=x.dtype)


def unbind(call: Call, build: Build) -> Result:
    """Each place of an axis for itself."""
    x = call.value(any_type=True)
    axis = call.axis("dim", len(x.shape))
    count = x.shape[axis]
    parts: tuple[Value, ...] = (x,)
    if count > 1:
        layer = Slice(slice_point=tuple(range(1, count)), axis=axis)
        parts = build.add_many(layer, x, tops=count, suffix="places")
    return tuple(replace(build.reshape(part, call.shape), dtype=x.dtype) for part in parts)


def stack(call: Call, build: Build) -> Value:
    """Tensors one behind the other along a new axis."""
    axis = call.axis("dim", len(call.shape))
    one = (*call.shape[:axis], 1, *call.shape[axis + 1 :])
    values = [build.reshape(build.as_value(part), one, suffix="part") for part in call.values("tensors", any_type=True)]
    return values[0] if len(values) == 1 else build.add(Concat(axis=axis), *values)


# ---- repetition ------------------------------------------------------------------------------------------------------


def expanded(build: Build, x: Value, shape: Shape, *, suffix: str = "") -> Value:
    """The value repeated to a larger shape; only viewed where it has as many numbers already."""
    if sorted(size for size in x.shape if size != 1) == sorted(size for size in shape if size != 1):
        return replace(build.reshape(x, shape, suffix=suffix), dtype=x.dtype)
    return replace(build.add(Expand(shape=shape), x, suffix=suffix), dtype=x.dtype)


def expand(call: Call, build: Build) -> Value:
    """expand, expand_as, broadcast_to: to the shape that torch computed."""
    call.ignore(*(name for name in call.arguments if name != "self"))
    return expanded(build, call.value(any_type=True), call.shape)


def repeat(call: Call, build: Build) -> Value:
    """repeat, tile: the whole tensor several times along each axis."""
    x = call.value(any_type=True)
    times = call.integers("repeats" if "repeats" in call.arguments else "dims")
    times = (1,) * (len(call.shape) - len(times)) + times
    y = build.reshape(x, (1,) * (len(call.shape) - len(x.shape)) + x.shape, suffix="view")
    for axis, tiles in enumerate(times):
        if tiles != 1:
            y = build.add(Tile(axis=axis, tiles=tiles), y, suffix="" if y.shape[axis] * tiles == 0 else f"axis{axis}")
    return replace(y, dtype=x.dtype)


def repeat_interleave(call: Call, build: Build) -> Value:
    """Each place of an axis several times, one behind the other; of the flattened tensor where no axis is named."""
    call.ignore("output_size")
    x, times = call.value(any_type=True), call.integer("repeats")
    if call.argument("dim") is None:
        axis = 0
        sizes: Shape = (call.shape[0] // times,)
    else:
        axis, sizes = call.axis("dim", len(x.shape)), x.shape
    apart = build.reshape(x, (*sizes[: axis + 1], 1, *sizes[axis + 1 :]), suffix="apart")
    tiled = apart if times == 1 else build.add(Tile(axis=axis + 1, tiles=times), apart, suffix="tiled")
    return replace(build.reshape(tiled, call.shape), dtype=x.dtype)


def _exchanged(rank: int, first: int, second: int) -> tuple[int, ...]:
    order = list(range(rank))
    order[first], order[second] = order[second], order[first]
    return tuple(order)


HANDLERS: Mapping[str, Handler] = {
    "aten.permute.default": permute,
    "aten.transpose.int": transpose,
    "aten.swapaxes.default": transpose,
    "aten.swapdims.default": transpose,
    "aten.t.default": transpose_matrix,
    "aten.mT.default": transpose_matrix,
    "aten.adjoint.default": transpose_matrix,
    "aten.numpy_T.default": transpose_all,
    "aten.movedim.int": movedim,
    "aten.movedim.intlist": movedim,
    "aten.moveaxis.int": movedim,
    "aten.moveaxis.intlist": movedim,
    "aten.slice.Tensor": slices,
    "aten.narrow.default": narrow,
    "aten.select.int": select,
    "aten.unbind.int": unbind,
    "aten.stack.default": stack,
    "aten.expand.default": expand,
    "aten.expand_as.default": expand,
    "aten.broadcast_to.default": expand,
    "aten.repeat.default": repeat,
    "aten.tile.default": repeat,
    "aten.repeat_interleave.self_int": repeat_interleave,
}
