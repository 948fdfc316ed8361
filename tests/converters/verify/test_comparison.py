from __future__ import annotations

import numpy as np
import pytest

from converters.verify.comparison import compare, row


def test_a_row_tells_the_largest_difference_and_where_it_is() -> None:
    source = np.array([[1.0, -4.0], [2.0, 0.0]])
    other = np.array([[1.0, -4.0], [2.5, 0.1]])
    seen = row("x", source, other)
    assert (seen.largest, seen.error, seen.place, seen.relative) == (4.0, 0.5, (1, 0), 0.125)
    assert seen.cosine == pytest.approx(22 / np.sqrt(21 * 23.26))


def test_not_a_number_on_one_side_is_a_difference() -> None:
    assert row("x", np.array([1.0, 2.0]), np.array([1.0, np.nan])).error == np.inf
    assert row("x", np.array([1.0, np.inf]), np.array([1.0, np.inf])).error == 0
    assert row("x", np.array([np.nan]), np.array([np.nan])).error == 0


def test_sizes_must_agree_and_axes_of_one_do_not_matter() -> None:
    assert row("x", np.ones((1, 4, 1, 1)), np.ones((1, 4))).error == 0
    assert row("x", np.ones(4), np.ones(5)).error == np.inf


def test_streams_meet_in_any_order_and_hold_little() -> None:
    left = iter([("a", np.ones(1)), ("b", np.zeros(1)), ("only left", np.ones(1)), ("c", np.ones(1))])
    right = iter([("b", np.ones(1)), ("a", np.ones(1)), ("c", np.ones(1))])
    assert [(each.value, each.error) for each in compare(left, right)] == [("b", 1), ("a", 0), ("c", 0)]


def test_streams_of_one_order_are_read_in_turn() -> None:
    alive = 0
    most = 0

    def stream():
        nonlocal alive, most
        for number in range(50):
            alive += 1
            most = max(most, alive)
            yield str(number), np.ones(1)

    for _ in compare(stream(), stream()):
        alive -= 2
    assert most <= 3
