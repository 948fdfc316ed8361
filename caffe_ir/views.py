"""Blobs seen under other axes: which permutations and reshapes of a blob need no copy.

A view gives, for each of its axes, the dimensions that it is made of, each with its size and its stride in the blob:
(N, H, W, C) seen in a blob that lies as (N, C, H, W) is ((N, CHW),), ((H, W),), ((W, 1),), ((C, HW),). Axes of size 1
have no dimension; neighbours that lie as one are one. Blobs lie in the order of their axes, the last one fastest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import prod

from msgspec import Struct

from caffe_ir.blob import Shape

Dim = tuple[int, int]
"""Size and stride."""
Axes = tuple[tuple[Dim, ...], ...]
Order = tuple[tuple[int, int], ...]
"""How a blob lies: (axis of the view, size) of each of its dimensions, the slowest first."""


class View(Struct, frozen=True, kw_only=True):
    """A blob seen under axes that need not be its own."""

    blob: str
    axes: Axes

    @property
    def shape(self) -> Shape:
        return shape_of(self.axes)

    @property
    def is_plain(self) -> bool:
        """The numbers lie in the order in which they are seen."""
        return len(_merged(dim for axis in self.axes for dim in axis)) <= 1


def shape_of(axes: Axes) -> Shape:
    """The shape of a view: the product of each axis' sizes."""
    return tuple(prod(size for size, _ in axis) for axis in axes)


def plain(shape: Shape) -> Axes:
    """The axes of a blob of this shape itself."""
    return tuple(((size, prod(shape[axis + 1 :])),) if size != 1 else () for axis, size in enumerate(shape))


def reshaped(axes: Axes, shape: Shape) -> Axes | None:
    """The same numbers in the same order under another shape; None where only a copy has that."""
    dims = list(_merged(dim for axis in axes for dim in axis))
    found = []
    for size in shape:
        taken: list[Dim] = []
        while prod(count for count, _ in taken) < size:
            count, stride = dims.pop(0)
            rest, beyond = divmod(size, prod(held for held, _ in taken))
            if beyond or (count % rest and rest % count):
                return None
            if count > rest:
                dims.insert(0, (count // rest, stride))
                count, stride = rest, stride * (count // rest)
            taken.append((count, stride))
        found.append(_merged(taken))
    return tuple(found)


def order_of(axes: Axes) -> Order | None:
    """How the blob behind a view lies; None where the dimensions of one axis stand in another order than they lie."""
    if any(first[1] < second[1] for parts in axes for first, second in pairwise(parts)):
        return None
    dims = [(stride, axis, size) for axis, parts in enumerate(axes) for size, stride in parts]
    return tuple((axis, size) for _, axis, size in sorted(dims, reverse=True))


def seen(order: Order, axes: int) -> Axes:
    """The view of so many axes of a blob that lies in this order."""
    strides = [prod(size for _, size in order[place + 1 :]) for place in range(len(order))]
    return tuple(
        _merged((size, stride) for (at, size), stride in zip(order, strides, strict=True) if at == axis)
        for axis in range(axes)
    )


def resized(axes: Axes, axis: int, size: int) -> Axes:
    """The view after an axis that is one dimension got another size."""
    ((count, stride),) = axes[axis]
    found = [_rescaled(parts, count * stride, count, size) for parts in axes]
    found[axis] = ((size, stride),) if size != 1 else ()
    return tuple(found)


def _rescaled(parts: Sequence[Dim], beyond: int, old: int, new: int) -> tuple[Dim, ...]:
    return tuple((count, stride // old * new if stride >= beyond else stride) for count, stride in parts)


def plain_order(shape: Shape) -> Order:
    """The order of a blob that lies as its shape says; axes of size 1 have no place in it."""
    return tuple((axis, size) for axis, size in enumerate(shape) if size != 1)


def refined(order: Order, axes: Axes) -> Order | None:
    """The order with its dimensions cut as finely as those of a view of the same shape; None where they cross."""
    cuts = {axis: _cuts([size for size, _ in parts]) for axis, parts in enumerate(axes)}
    inner: dict[int, int] = {}
    found: list[tuple[int, int]] = []
    for axis, size in reversed(order):
        low = inner.get(axis, 1)
        high = low * size
        inside = [low, *(cut for cut in sorted(cuts.get(axis, ())) if low < cut < high), high]
        if any(second % first for first, second in pairwise(inside)):
            return None
        pieces = [(axis, second // first) for first, second in pairwise(inside)]
        found += pieces
        inner[axis] = high
    return tuple(reversed(found))


@lru_cache(maxsize=4096)
def permutation(axes: Axes, order: Order) -> tuple[Shape, tuple[int, ...]] | None:
    """The shape of the blob's dimensions and the order to put them in, to lie as wanted; None where they cross."""
    wanted = refined(order, axes)
    if wanted is None:
        return None
    strides: list[int] = []
    for axis, parts in enumerate(axes):
        split = _split(parts, [size for at, size in wanted if at == axis])
        if split is None:
            return None
        strides += split
    places = sorted(((-stride, place) for place, stride in zip(_by_axis(wanted), strides, strict=True)))
    shape = tuple(wanted[place][1] for _, place in places)
    at = {place: number for number, (_, place) in enumerate(places)}
    return shape, tuple(at[place] for place in range(len(wanted)))


def _by_axis(order: Order) -> list[int]:
    """The places of an order's dimensions, axis by axis, as the axes have them."""
    return sorted(range(len(order)), key=lambda place: (order[place][0], place))


def _split(parts: Sequence[Dim], sizes: list[int]) -> list[int] | None:
    """The strides of an axis's dimensions after they are cut into these sizes; None where they cannot be."""
    left, strides = list(parts), []
    for size in sizes:
        if not left or left[0][0] % size:
            return None
        count, stride = left.pop(0)
        strides.append(stride * (count // size))
        if count != size:
            left.insert(0, (count // size, stride))
    return strides


def _cuts(sizes: list[int]) -> set[int]:
    """How many numbers of an axis lie behind each of its inner borders."""
    return {prod(sizes[place:]) for place in range(1, len(sizes))}


def _merged(dims: Iterable[Dim]) -> tuple[Dim, ...]:
    found: list[Dim] = []
    for size, stride in dims:
        if size == 1:
            continue
        if found and found[-1][1] == size * stride:
            found[-1] = (found[-1][0] * size, stride)
        else:
            found.append((size, stride))
    return tuple(found)
