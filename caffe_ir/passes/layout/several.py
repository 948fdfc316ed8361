"""Layers of several bottoms: all are brought to lie as the one does that makes it cheapest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from caffe_ir.blob import Shape
from caffe_ir.exchanges import moved_into
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Eltwise
from caffe_ir.layers.source import Add, Div, Maximum, Minimum, Mul, Sub
from caffe_ir.node import Node
from caffe_ir.passes.layout.stage import Rule, Stage
from caffe_ir.views import Order, View, order_of, plain_order, seen

AXES_OF_A_MAP = 4


def pair(stage: Stage, node: Node) -> bool:
    """Layers that broadcast to one shape. A bottom lies in that part of the order along which it is not repeated."""
    wanted = stage.old.shapes[node.top]
    views = [_of_rank(stage.views[bottom], len(wanted)) for bottom in node.bottoms]
    candidates = [plain_order(wanted), *(order_of(view.axes) for view in views if view.shape == wanted)]

    def parts(order: Order) -> list[Order]:
        return [tuple((axis, size) for axis, size in order if view.axes[axis]) for view in views]

    order = _cheapest(stage, views, candidates, parts)
    if order is None:
        return False
    blobs = [stage.arranged(node, view, part) for view, part in zip(views, parts(order), strict=True)]
    shape = _shape(stage, order, views, blobs, wanted)
    runs = _runs(shape, order)
    assert runs is not None, "the shape was made of the order"
    bottoms = []
    for view, blob in zip(views, blobs, strict=True):
        repeated = [any(not view.axes[order[place][0]] for place in run) for run in runs]
        part = tuple(1 if gone else size for size, gone in zip(shape, repeated, strict=True))
        bottoms.append(stage.reshape(node, blob, part))
    stage.emit(node, node.layer, bottoms, [seen(order, len(wanted))])
    return True


def concat(stage: Stage, node: Node) -> bool:
    """All lie alike but for the size of the axis."""
    assert isinstance(node.layer, Concat)
    views, wanted = [stage.views[bottom] for bottom in node.bottoms], stage.old.shapes[node.top]
    axis = node.layer.axis % len(wanted)
    lying = [order for view in views if (order := order_of(view.axes)) is not None]
    new = [(*one[:at], (axis, 1), *one[at:]) for one in lying if not _times(one, axis) for at in (0, 1)]
    candidates = [
        _sized(one, axis, wanted[axis]) for one in (plain_order(wanted), *lying, *new) if _times(one, axis) == 1
    ]

    def parts(order: Order) -> list[Order]:
        return [_sized(order, axis, view.shape[axis]) for view in views]

    order = _cheapest(stage, views, candidates, parts)
    if order is None:
        return False
    place = next(place for place, (at, _) in enumerate(order) if at == axis)
    outer, inner = prod(size for _, size in order[:place]), prod(size for _, size in order[place + 1 :])
    blobs = [stage.arranged(node, view, part) for view, part in zip(views, parts(order), strict=True)]
    held = stage.net.shapes[blobs[0]]
    own = [at for at, size in enumerate(held) if (size, prod(held[at + 1 :])) == (views[0].shape[axis], inner)]
    shape, at = (held, own[0]) if own else _around(order, place, outer, inner)
    bottoms = [
        stage.reshape(node, blob, (*shape[:at], view.shape[axis], *shape[at + 1 :]))
        for blob, view in zip(blobs, views, strict=True)
    ]
    stage.emit(node, Concat(axis=at), bottoms, [seen(order, len(wanted))])
    return True


def _around(order: Order, place: int, outer: int, inner: int) -> tuple[Shape, int]:
    """A shape for a dimension with what lies before and behind it, and where it is there; its own size is left open."""
    if inner > 1:
        return ((0, inner), 0) if outer == 1 else ((outer, 0, inner, 1), 1)
    before = order[place - 1][1] if place else 1
    return (outer // before, before, 0, 1), 2


def _of_rank(view: View, rank: int) -> View:
    return View(blob=view.blob, axes=((),) * (rank - len(view.axes)) + view.axes)


def _cheapest(
    stage: Stage,
    views: Sequence[View],
    candidates: Sequence[Order | None],
    parts: Callable[[Order], list[Order]],
) -> Order | None:
    """The order into which all views can be brought by moving the fewest values; of equal ones the first."""
    priced: list[tuple[int, int, Order]] = []
    for place, order in enumerate(dict.fromkeys(candidates)):
        if order is None:
            continue
        prices = [_price(stage, view, part) for view, part in zip(views, parts(order), strict=True)]
        if None not in prices:
            total = sum(price for price in prices if price is not None)
            priced.append((total, -place if stage.kept else place, order))
    return min(priced)[2] if priced else None


def _price(stage: Stage, view: View, order: Order) -> int | None:
    """How many values are moved to bring a view into an order; None where it cannot be. Constants are moved here."""
    found = moved_into(view.axes, order)
    return 0 if found is not None and stage.is_constant(view) else found


def _shape(stage: Stage, order: Order, views: Sequence[View], blobs: Sequence[str], wanted: Shape) -> Shape:
    """The shape under which the largest is read: its own, if each of its axes is repeated as a whole or not at all."""
    patterns = [tuple(bool(view.axes[axis]) for view in views) for axis, _ in order]
    whole = [
        stage.net.shapes[blob]
        for view, blob in zip(views, blobs, strict=True)
        if all(view.axes[axis] for axis, _ in order)
    ]
    for shape in sorted(whole, key=lambda one: (one != wanted, len(one) != AXES_OF_A_MAP)):
        runs = _runs(shape, order)
        if runs is not None and all(len({patterns[place] for place in run}) <= 1 for run in runs):
            return shape
    groups: list[tuple[tuple[bool, ...], int]] = []
    for pattern, (_, size) in zip(patterns, order, strict=True):
        if groups and groups[-1][0] == pattern:
            groups[-1] = (pattern, groups[-1][1] * size)
        else:
            groups.append((pattern, size))
    shape = tuple(size for _, size in groups) or (1,)
    return (*shape, 1) if len(shape) == 3 else shape


def _runs(shape: Shape, order: Order) -> list[list[int]] | None:
    """For each axis of a blob the places of the order's dimensions that it is made of; None where they cross."""
    left = [(place, size) for place, (_, size) in enumerate(order)]
    found = []
    for size in shape:
        taken, run = 1, list[int]()
        while taken < size:
            place, count = left.pop(0)
            rest = size // taken
            if size % taken or (rest % count and count % rest):
                return None
            if count > rest:
                left.insert(0, (place, count // rest))
            taken *= min(count, rest)
            run.append(place)
        found.append(run)
    return found


def _sized(order: Order, axis: int, size: int) -> Order:
    """The order with another size for an axis that is one dimension of it, or none for the size 1."""
    return tuple((at, size if at == axis else count) for at, count in order if at != axis or size != 1)


def _times(order: Order, axis: int) -> int:
    return sum(at == axis for at, _ in order)


RULES: Mapping[type[Layer], Rule] = {
    **dict.fromkeys((Add, Div, Eltwise, Maximum, Minimum, Mul, Sub), pair),
    Concat: concat,
}
