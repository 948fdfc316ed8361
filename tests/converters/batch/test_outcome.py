from __future__ import annotations

from datetime import datetime

import pytest

from converters.batch.job import Result, State
from converters.batch.manifest import Unpaired
from converters.batch.outcome import Outcome

CONVERTED: list[State] = ["converted"]


def outcome(*states: State, unpaired: int = 0, strict: bool = False) -> Outcome:
    results = [Result(name=str(number), target="caffe", state=state) for number, state in enumerate(states)]
    left = [Unpaired(path=f"{number}.cfg", why="no weights") for number in range(unpaired)]
    return Outcome(results=results, unpaired=left, strict=strict, begin=datetime(2020, 1, 1))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (outcome(*CONVERTED * 197, unpaired=3), "197 of 200 converted, 3 not paired"),
        (outcome("converted", "failed", "unchanged"), "1 of 3 converted, 1 unchanged, 1 failed"),
        (outcome("unchanged", "unchanged"), "0 of 2 converted, 2 unchanged"),
        (outcome("converted"), "1 of 1 converted"),
    ],
)
def test_the_headline_accounts_for_everything(made: Outcome, told: str) -> None:
    assert made.headline() == told
    assert sum(made.counts().values()) == made.total


def test_a_file_of_no_model_is_a_failure_where_it_is_asked_for() -> None:
    assert not outcome("converted", unpaired=1).failed
    assert outcome("converted", unpaired=1, strict=True).failed
    assert not outcome("converted", strict=True).failed
    assert outcome("converted", "failed").failed
