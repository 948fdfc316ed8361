"""Permutations as chains of exchanges of neighbouring axes, (P, X, Y, Q) -> (P, Y, X, Q), and what they move.

Caffe has no Permute: each exchange is layers of its own (caffe_ir/forms/permute.py), and moves all values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from heapq import heappop, heappush
from itertools import accumulate, combinations, pairwise
from math import inf, prod
from operator import mul

from caffe_ir.blob import Shape
from caffe_ir.views import Axes, Order, permutation

SHORT = 16
"""Of an exchange with fewer rows or columns the chain takes rather more."""
LAYERS_OF_A_SWAP = 4
"""What one more exchange costs beside its parts: views and copies."""
JOINED = 3
"""Pairs of neighbours that one exchange joins at most: it cuts at three places."""
FEW = 5
"""Axes whose arrangements, 120, can all be tried."""
FRONT = -1
"""What lies before the first axis; behind the last lies their number."""

Swap = tuple[int, int, int, int]
Cuts = Callable[[tuple[int, ...], Mapping[int, int]], Iterator[tuple[int, int, int]]]
"""Where an arrangement is cut for an exchange, by which axis belongs behind each."""


def simplified(shape: Shape, order: tuple[int, ...]) -> tuple[Shape, tuple[int, ...]]:
    """The same permutation without axes of size 1, axes that stay neighbours as one."""
    kept = [axis for axis in order if shape[axis] != 1]
    places = {axis: place for place, axis in enumerate(sorted(kept))}
    runs: list[list[int]] = []
    for axis in kept:
        if runs and places[axis] == places[runs[-1][-1]] + 1:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    blocks = sorted(runs)
    return tuple(prod(shape[axis] for axis in run) for run in blocks), tuple(blocks.index(run) for run in runs)


@lru_cache(maxsize=1024)
def swaps(shape: Shape, order: tuple[int, ...]) -> tuple[Swap, ...]:
    """The cheapest chain of exchanges (P, X, Y, Q) that brings the axes of a shape into an order (by A*).

    First among the chains that part no axes which are neighbours in the order, and join two such with each exchange.
    There always is one: what belongs behind an axis, with all that already follows it rightly, is brought there. Ten
    axes (windows of windows, as Hiera cuts them) have 3.6 million arrangements of 165 exchanges each, too many to try
    all. Of few axes a chain that parts some is looked for too, and taken where it costs less.
    """
    price, chain = _cheapest(shape, order, _joining, inf)
    if len(order) <= FEW:
        return _cheapest(shape, order, _anywhere, price)[1] or chain
    return chain


def _cheapest(shape: Shape, order: tuple[int, ...], cuts: Cuts, below: float) -> tuple[float, tuple[Swap, ...]]:
    """The cheapest chain of exchanges at such cuts, and its price; none where every one costs as much as `below`."""
    behind = dict(pairwise((FRONT, *order, len(shape))))
    start = tuple(range(len(shape)))
    best: dict[tuple[int, ...], int] = {start: 0}
    waiting = [(_at_least(start, behind), start)]
    came = dict[tuple[int, ...], tuple[tuple[int, ...], Swap]]()
    done = set[tuple[int, ...]]()
    current = start
    while waiting and (current := heappop(waiting)[1]) != order:
        if current in done:
            continue
        done.add(current)
        cost, before = best[current], [1, *accumulate((shape[axis] for axis in current), mul)]
        for first, middle, last in cuts(current, behind):
            x, y = before[middle] // before[first], before[last] // before[middle]
            price = cost + LAYERS_OF_A_SWAP + min(x, y, SHORT)
            after = (*current[:first], *current[middle:last], *current[first:middle], *current[last:])
            if price < best.get(after, price + 1) and (at_least := price + _at_least(after, behind)) < below:
                best[after] = price
                came[after] = current, (before[first], x, y, before[-1] // before[last])
                heappush(waiting, (at_least, after))
    if current != order:
        return below, ()
    chain = list[Swap]()
    while current != start:
        current, swap = came[current]
        chain.append(swap)
    return best[order], tuple(reversed(chain))


def _anywhere(current: tuple[int, ...], behind: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """Every exchange of neighbouring axes."""
    return combinations(range(len(current) + 1), 3)


def _joining(current: tuple[int, ...], behind: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """Where an exchange of current[first:middle] and current[middle:last] joins two and parts none."""
    row = (FRONT, *current, len(current))
    cuts = [place for place, (one, other) in enumerate(pairwise(row)) if behind[one] != other]
    for first, middle, last in combinations(cuts, 3):
        joined = ((first, middle + 1), (last, first + 1), (middle, last + 1))
        if any(behind[row[one]] == row[other] for one, other in joined):
            yield first, middle, last


def _at_least(current: tuple[int, ...], behind: Mapping[int, int]) -> int:
    """What the exchanges that are left cost at least: one joins three pairs of neighbours at most, and has two rows."""
    apart = sum(behind[one] != other for one, other in pairwise((FRONT, *current, len(current))))
    return -(-apart // JOINED) * (LAYERS_OF_A_SWAP + 2)


def moved(shape: Shape, order: tuple[int, ...]) -> int:
    """The values that a Permute of a blob of this shape moves."""
    return prod(shape) * len(swaps(*simplified(shape, order)))


def moved_into(axes: Axes, order: Order) -> int | None:
    """The values that are moved to bring the blob behind a view into an order; None where dimensions cross."""
    found = permutation(axes, order)
    return None if found is None else moved(*found)
