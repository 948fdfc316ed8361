"""Permutations as exchanges of neighbouring axes."""

from __future__ import annotations

import heapq
import itertools
from math import prod

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caffe_ir.exchanges import LAYERS_OF_A_SWAP, SHORT, moved, moved_into, simplified, swaps
from caffe_ir.views import View, plain, plain_order


def test_what_moves_nothing_costs_nothing():
    assert moved((2, 1, 5), (1, 0, 2)) == 0
    assert moved((2, 3, 5), (0, 1, 2)) == 0


def test_each_exchange_of_neighbours_moves_all_values():
    assert moved((2, 3, 5), (0, 2, 1)) == 30
    assert moved((2, 3, 5), (2, 1, 0)) == 60  # no single exchange of neighbouring blocks reverses three


def test_a_view_that_lies_in_an_order_is_not_moved():
    axes = plain((2, 3, 5))
    turned = (axes[0], axes[2], axes[1])
    assert moved_into(turned, ((0, 2), (2, 3), (1, 5))) == 0
    assert moved_into(turned, plain_order(View(blob="x", axes=turned).shape)) == 30


def test_dimensions_that_cross_have_no_price():
    assert moved_into(plain((6,)), ((0, 4), (0, 2))) is None


def test_heads_of_attention_are_brought_in_front_in_one_exchange():
    assert swaps(*simplified((1, 50, 3, 4, 8), (2, 0, 3, 1, 4))) == ((1, 50, 12, 8),)


def shortest(shape, order):
    """Numbers of axes of each chain's steps, found by trying all chains of up to three exchanges."""
    fewest = {tuple(range(len(shape))): 0}
    for count in range(1, 4):
        for current in [one for one, steps in fewest.items() if steps == count - 1]:
            for a, b, c in itertools.combinations(range(len(shape) + 1), 3):
                fewest.setdefault((*current[:a], *current[b:c], *current[a:b], *current[c:]), count)
    return fewest[order]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_chain_permutes_as_numpy_does_in_the_fewest_exchanges_where_all_cost_the_same(order):
    shape = (17, 18, 19, 20)
    x = np.arange(np.prod(shape))
    sizes, left = simplified(shape, order)
    chain, y = swaps(sizes, left), x.ravel()
    for swap in chain:
        y = y.reshape(swap).transpose(0, 2, 1, 3).ravel()
    np.testing.assert_array_equal(y, x.reshape(shape).transpose(order).ravel())
    assert len(chain) == shortest(shape, order)


def price(chain):
    return sum(LAYERS_OF_A_SWAP + min(x, y, SHORT) for _, x, y, _ in chain)


def cheapest(shape, order):
    """The least price of any chain at all (Dijkstra)."""
    waiting, done = [(0, tuple(range(len(shape))))], set()
    while (current := heapq.heappop(waiting))[1] != order:
        cost, axes = current
        if axes in done:
            continue
        done.add(axes)
        for a, b, c in itertools.combinations(range(len(shape) + 1), 3):
            x, y = (prod(shape[axis] for axis in part) for part in (axes[a:b], axes[b:c]))
            after = (*axes[:a], *axes[b:c], *axes[a:b], *axes[c:])
            heapq.heappush(waiting, (cost + LAYERS_OF_A_SWAP + min(x, y, SHORT), after))
    return current[0]


def permutations_of(rank):
    sizes = st.lists(st.integers(2, 40), min_size=rank, max_size=rank)
    return st.tuples(sizes, st.permutations(range(rank)))


@given(st.integers(2, 5).flatmap(permutations_of))
@example(([2, 2, 2, 15, 15], [4, 3, 2, 1, 0]))
def test_no_chain_is_cheaper(drawn):
    shape, order = simplified(tuple(drawn[0]), tuple(drawn[1]))
    assert price(swaps(shape, order)) == cheapest(shape, order)


def test_ten_axes_are_exchanged_at_once():
    """Hiera's windows of windows. Trying all orders took 80 s and came to the same."""
    shape, order = (2, 96, 4, 2, 2, 2, 4, 2, 2, 2), (0, 2, 6, 5, 9, 4, 8, 3, 7, 1)
    x = np.arange(prod(shape))
    y, chain = x, swaps(*simplified(shape, order))
    for swap in chain:
        y = y.reshape(swap).transpose(0, 2, 1, 3).ravel()
    np.testing.assert_array_equal(y, x.reshape(shape).transpose(order).ravel())
    assert len(chain) <= 6
