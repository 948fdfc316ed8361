from __future__ import annotations

import numpy as np

from converters.verify.blame import Fault
from converters.verify.comparison import row
from converters.verify.trial import FINITE, Comparison, Trial, legend, limit, used

GOOD = row("good", np.ones(2), np.ones(2))
BAD = row("bad", np.ones(2), np.array([1.0, 1.5]))
NONE = row("none", np.ones(2), np.array([1.0, np.nan]))


def trial(*rows, kind="meaning", allowed=0.1, **fields):
    return Trial(kind=kind, name="embedded", title="", rows=rows, allowed=(allowed,) * len(rows), **fields)


def comparison(*trials, **fields):
    return Comparison(source="s", caffe="c", trials=trials, **fields)


def test_a_trial_agrees_only_if_each_row_does() -> None:
    assert trial(GOOD).verdict == "agrees"
    assert trial(GOOD, BAD).verdict == "differs"
    assert trial(GOOD, BAD).wrong == (BAD,)
    assert trial(GOOD, BAD, GOOD).worst == (BAD, 0.1)
    assert trial().verdict == "not compared"
    assert trial(stopped="no").verdict == "not compared"


def test_nothing_allows_what_is_no_number() -> None:
    assert trial(NONE, allowed=FINITE).verdict == "differs"


def test_the_error_that_is_shown_is_the_one_that_decides() -> None:
    close = row("close", np.ones(2), np.array([1.0, 1.01]))
    far = row("far", np.full(2, 1e-7), np.array([1e-7, 2e-7]))
    lenient = Trial(kind="rounding", name="opencv", title="", rows=(far, close), allowed=(30.0, 1e-4))
    assert (lenient.verdict, lenient.wrong, lenient.worst) == ("differs", (close,), (close, 1e-4))
    agreeing = Trial(kind="rounding", name="opencv", title="", rows=(far, close), allowed=(30.0, 1.0))
    assert (agreeing.verdict, agreeing.worst) == ("agrees", (far, 30.0))
    assert comparison(agreeing, lenient).worst_first == ["close", "far"]


def test_how_much_of_a_limit_an_error_takes() -> None:
    assert [used(BAD, most) for most in (1.0, 0.25, 0.0)] == [0.5, 2.0, float("inf")]
    assert used(GOOD, 0.0) == 0.0


def test_a_limit_that_every_number_passes_is_explained() -> None:
    assert [limit(most) for most in (1e-4, FINITE)] == ["1.0e-04", "any"]
    assert any("any" in line for line in legend([trial(GOOD, kind="rounding", allowed=FINITE)]))
    assert not any("any" in line for line in legend([trial(GOOD, kind="rounding")]))


def test_the_net_agrees_if_all_trials_that_count_do() -> None:
    other = trial(BAD, kind="rounding", asked=False)
    assert comparison(trial(GOOD), other).verdict == "agrees"
    assert comparison(trial(GOOD), trial(BAD, kind="rounding")).verdict == "differs"
    assert comparison(trial(GOOD), trial(stopped="not there")).verdict == "not compared"
    assert comparison(trial(BAD), trial(stopped="not there")).verdict == "differs"
    assert comparison().verdict == "not compared"
    assert comparison(trial(GOOD), missing=("x",)).verdict == "differs"
    assert comparison(faults=(Fault(layer="a", kind="weights", text=""),)).verdict == "differs"


def test_the_worst_come_first_in_units_of_what_is_allowed() -> None:
    close = row("close", np.ones(2), np.array([1.0, 1.001]))
    found = comparison(trial(close, allowed=1e-6), trial(BAD, kind="rounding", allowed=1.0))
    assert found.worst_first == ["close", "bad"]
    assert found.values == ["close", "bad"]
    assert [each.heading for each in found.trials] == ["meaning, embedded", "rounding, embedded"]
