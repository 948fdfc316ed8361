"""Permute -> Reshape, or exchanges of neighbouring axes by Slice and Concat or by one Im2col.

Axes of size 1 and axes that stay together are merged first; where nothing is left to do, a Reshape does it. Every
other order is a chain of exchanges (P, X, Y, Q) -> (P, Y, X, Q), the cheapest one is looked for, and each of them is
a copy without arithmetic:
- few rows X: Slice into X parts (P, 1, Y, Q), Concat along the last axis: (P, 1, Y, X Q);
- few columns Y: Slice into Y parts (P, X, 1, Q), Concat along the second axis: (P, Y X, 1, Q);
- many of both: Im2col of (P, 1, X, Y Q) with a kernel of 1 x Y cells that lie Q apart: channel y of the result at
  (x, q) is what stood at (x, y Q + q) (im2col.cpp, im2col_cpu); where the target has no Im2col, the Convolution with
  these windows and a filter for each channel that has a single 1.
"""

from __future__ import annotations

from functools import lru_cache
from heapq import heappop, heappush
from itertools import combinations, pairwise
from math import prod

import numpy as np

from caffe_ir.blob import Blob, Shape
from caffe_ir.layers import Concat, Convolution, Im2col, Reshape, Slice
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.source_layers import Permute

MOST_PARTS = 16
"""The most parts that a Slice is made into."""
LAYERS_OF_A_SWAP = 4
"""What one more exchange costs beside its parts: views and copies."""

Swap = tuple[int, int, int, int]


def _rewrite(net: Net, node: Node, context: Context) -> None:
    assert isinstance(node.layer, Permute)
    shape, order = simplified(net.shapes[node.bottom], node.layer.order)
    new, x, held = Replacement(net=net, old=node), node.bottom, net.shapes[node.bottom]
    for swap in swaps(shape, order):
        x, held = _swapped(new, x, held, swap, context)
    wanted = net.shapes[node.top]
    if held != wanted or not new.nodes:
        new.add("shape", Reshape(shape=_dims(wanted, held)), x)
    new.finish()
    net.note("lowered", f"{node.layer} -> {', '.join(one.layer.type_name() for one in new.nodes)}", node.origin)


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


@lru_cache(maxsize=256)
def swaps(shape: Shape, order: tuple[int, ...]) -> tuple[Swap, ...]:
    """The cheapest chain of exchanges (P, X, Y, Q) that brings the axes of a shape into an order."""
    start = tuple(range(len(shape)))
    best: dict[tuple[int, ...], int] = {start: 0}
    waiting: list[tuple[int, tuple[int, ...], tuple[Swap, ...]]] = [(0, start, ())]
    while waiting:
        cost, current, chain = heappop(waiting)
        if current == order:
            return chain
        for first, middle, last in combinations(range(len(shape) + 1), 3):
            after = (*current[:first], *current[middle:last], *current[first:middle], *current[last:])
            bounds = (0, first, middle, last, len(shape))
            p, x, y, q = (prod(shape[axis] for axis in current[a:b]) for a, b in pairwise(bounds))
            price = cost + LAYERS_OF_A_SWAP + min(x, y, MOST_PARTS)
            if price < best.get(after, price + 1):
                best[after] = price
                heappush(waiting, (price, after, (*chain, (p, x, y, q))))
    raise AssertionError(f"{order} is no order")


def _swapped(new: Replacement, x: str, held: Shape, swap: Swap, context: Context) -> tuple[str, Shape]:
    batch, rows, columns, last = swap
    if min(rows, columns) > MOST_PARTS:
        return _windows(new, _viewed(new, x, held, (batch, 1, rows, columns * last)), swap, context)
    x = _viewed(new, x, held, (batch, rows, columns, last))
    by_rows = rows <= columns
    count, axis = (rows, 1) if by_rows else (columns, 2)
    parts = new.split("part", Slice(axis=axis, slice_point=tuple(range(1, count))), x, tops=count)
    x = new.add("joined", Concat(axis=3 if by_rows else 1), *parts)
    return x, (batch, 1, columns, rows * last) if by_rows else (batch, columns * rows, 1, last)


def _windows(new: Replacement, x: str, swap: Swap, context: Context) -> tuple[str, Shape]:
    batch, rows, columns, last = swap
    windows = Im2col(kernel_size=(1, columns), dilation=(1, last))
    shape = (batch, columns, rows, last)
    if context.target.holds(windows, ((batch, 1, rows, columns * last),)):
        return new.add("columns", windows, x), shape
    layer = Convolution(num_output=columns, kernel_size=(1, columns), dilation=(1, last), bias_term=False)
    ones = Blob.computed(
        (columns, 1, 1, columns), lambda: np.eye(columns, dtype=np.float32)[:, None, None], constant=True
    )
    return new.add("columns", layer, x, blobs=[ones]), shape


def _viewed(new: Replacement, x: str, held: Shape, shape: Shape) -> str:
    return x if held == shape else new.add("view", Reshape(shape=_dims(shape, held)), x)


def _dims(shape: Shape, held: Shape) -> Shape:
    """As Reshape spells it: 0 for a batch that stays."""
    return (0, *shape[1:]) if shape[:1] == held[:1] else shape


PERMUTE = Pass(name="permute", visits=(Permute,), rewrite=_rewrite)
