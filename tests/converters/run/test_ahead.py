from __future__ import annotations

import threading
from concurrent.futures import Future
from functools import partial

import pytest

from converters.run.ahead import ahead


def test_results_come_in_order_and_none_is_begun_before_it_may() -> None:
    begun: list[int] = []
    ready = {number: threading.Event() for number in range(6)}

    def work(number: int) -> int:
        begun.append(number)
        ready[number].set()
        return 10 * number

    with ahead(range(5), work) as coming:
        for number, one in enumerate(coming):
            assert one.result() == 10 * number
            if number < 4:
                assert ready[number + 1].wait(5)  # while this one is looked at
            assert begun == list(range(min(number + 2, 5)))
    assert begun == list(range(5))


def test_the_first_is_worked_on_before_anybody_asks() -> None:
    done = threading.Event()
    with ahead([0], lambda _: done.set()):
        assert done.wait(5)


def test_what_one_raises_is_its_own_alone() -> None:
    def of(one: Future[int]) -> int | str:
        try:
            return one.result()
        except ZeroDivisionError as error:
            return str(error)

    with ahead([4, 0, 2], lambda number: 8 // number) as coming:
        assert [of(one) for one in coming] == [2, "integer division or modulo by zero", 4]


def test_nothing_is_nothing() -> None:
    with ahead([], len) as coming:
        assert list(coming) == []


def interrupted() -> None:
    with ahead(range(100), abs) as coming:
        next(coming)
        raise KeyboardInterrupt


def test_an_error_of_the_caller_ends_the_thread() -> None:
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert threading.active_count() == before


def test_two_workers_work_at_once_and_in_turn() -> None:
    both = threading.Barrier(2)

    def of(name: str, number: int) -> tuple[str, int]:
        both.wait(5)
        return name, number

    with ahead(iter(range(6)), partial(of, "a"), partial(of, "b")) as coming:
        assert [one.result() for one in coming] == [("a", 0), ("b", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 5)]


def test_two_workers_begin_no_more_than_one_result_is_looked_at() -> None:
    begun: list[int] = []
    with ahead(range(9), begun.append, begun.append) as coming:
        for number, one in enumerate(coming):
            one.result()
            assert len(begun) <= number + 3


def test_what_is_worked_on_ahead_may_be_what_comes_from_there() -> None:
    with (
        ahead([3, 0, 1, 2], lambda number: 6 // number) as first,
        ahead(first, *[lambda one: str(one.result())] * 2) as second,
    ):
        assert [one.exception() is None and one.result() for one in second] == ["2", False, "6", "3"]
