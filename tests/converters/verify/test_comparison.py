from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from converters.verify.comparison import DECADES, row, worse


def test_a_row_tells_the_largest_difference_and_where_it_is() -> None:
    source = np.array([[1.0, -4.0], [2.0, 0.0]])
    other = np.array([[1.0, -4.0], [2.5, 0.1]])
    seen = row("x", source, other)
    assert (seen.largest, seen.error, seen.place, seen.relative) == (4.0, 0.5, (1, 0), 0.125)
    assert seen.cosine == pytest.approx(22 / np.sqrt(21 * 23.26))


def test_a_large_array_is_compared_as_a_whole() -> None:
    rng = np.random.default_rng(0)
    left = rng.standard_normal((3, 700, 301)).astype(np.float32)
    right = left.copy()
    right[2, 650, 300] += 10
    seen = row("x", left, right)
    assert seen.place == (2, 650, 300)
    assert seen.error == pytest.approx(10, rel=1e-6)
    assert 1 - seen.cosine == pytest.approx(cosine(np.float64(left.ravel()), np.float64(right.ravel())), rel=1e-3)
    assert sum(seen.spread) == left.size
    assert seen.spread[0] == left.size - 1


def test_not_a_number_on_one_side_is_a_difference() -> None:
    assert row("x", np.array([1.0, 2.0]), np.array([1.0, np.nan])).error == np.inf
    assert row("x", np.array([1.0, np.inf]), np.array([1.0, np.inf])).error == 0
    assert row("x", np.array([np.nan]), np.array([np.nan])).error == 0
    assert row("x", np.array([1.0, np.inf]), np.array([1.0, -np.inf])).error == np.inf


def test_sizes_must_agree_and_axes_of_one_do_not_matter() -> None:
    flat = row("x", np.ones((1, 4, 1, 1)), np.ones((1, 4)))
    assert (flat.error, flat.same_size) == (0, True)
    other = row("x", np.ones(4), np.ones(5))
    assert (other.error, other.same_size) == (np.inf, False)


def test_differences_are_counted_by_decades() -> None:
    seen = row("x", np.array([10.0, 1.0, 1.0, 1.0]), np.array([10.0, 1.005, 1.05, 2.0]))
    assert {decade: count for decade, count in zip(DECADES, seen.spread, strict=True) if count} == {
        -16: 1,
        -3: 1,
        -2: 1,
        -1: 1,
    }


def test_of_several_inputs_the_worse_row_is_kept() -> None:
    good, bad = row("x", np.ones(2), np.ones(2)), row("x", np.ones(2), np.array([1.0, 2.0]))
    assert worse(good, bad) == bad
    assert worse(bad, good) == bad
    assert worse(good, row("x", np.ones(2), np.array([1.0, np.nan]))).error == np.inf


def test_what_was_compared_is_counted() -> None:
    some = np.array([1.0, np.nan, np.inf, 2.0])
    found = row("v", some, some)
    assert (found.error, found.compared, found.blank, found.constant) == (0, 2, False, False)
    assert found.largest == 2
    nothing = row("v", some[1:3], some[1:3])
    assert (nothing.error, nothing.compared, nothing.blank) == (0, 0, True)
    assert not row("v", some[1:3], some[::3]).blank
    assert not row("v", np.ones(0), np.ones(0)).blank


def test_a_value_of_one_number_is_constant_whatever_the_other_side_has() -> None:
    assert row("v", np.full(3, -2.0), np.arange(3.0)).constant
    assert not row("v", np.arange(3.0), np.full(3, -2.0)).constant
    assert not row("v", np.ones(1), np.ones(1)).constant
    two, three, mixed = (row("v", np.array(each), np.array(each)) for each in ([2.0, 2], [3.0, 3], [2.0, 3]))
    assert worse(two, two).constant
    assert not worse(two, three).constant
    assert not worse(two, mixed).constant
