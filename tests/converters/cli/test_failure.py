from __future__ import annotations

import click
import pytest

from caffe_ir.errors import ConversionError, Note, Origin, Problem
from caffe_ir.extras import EXTRAS, require
from converters.cli.failure import failures_reported, texts_of


def problem(what: str = "it is bad", *, file: str = "net.cfg", line: int | None = None, hint: str = "") -> Problem:
    return Problem(what=what, why="so", hint=hint, origin=Origin(layer="conv_1", what="[conv]", file=file, line=line))


def test_a_problem_alone_is_told_as_it_is() -> None:
    assert texts_of([problem(line=3, hint="mend it")]) == ["net.cfg:3 [conv]: it is bad (so)\n    -> mend it"]


def test_equal_problems_share_a_text_with_all_their_lines() -> None:
    found = [
        problem(line=3, hint="mend it"),
        problem("worse", line=4),
        *(problem(line=n, hint="mend it") for n in (9, 7)),
    ]
    assert texts_of(found) == [
        "net.cfg:3 [conv]: it is bad (so)\n    and 2 more: lines 9, 7\n    -> mend it",
        "net.cfg:4 [conv]: worse (so)",
    ]


@pytest.mark.parametrize(
    ("others", "places"),
    [
        ([problem(line=8)], "1 more: line 8"),
        ([problem(line=8), problem(line=8), problem(line=3)], "3 more: line 8"),
        ([problem(line=3), problem(line=3)], "2 more in the same place"),
        ([problem(file="b.py", line=3), problem(line=5)], "2 more: line 5; b.py:3 [conv]"),
        ([Problem(what="it is bad", why="so")], "1 more in the same place"),
    ],
)
def test_where_the_others_are(others: list[Problem], places: str) -> None:
    assert texts_of([problem(line=3), *others]) == [f"net.cfg:3 [conv]: it is bad (so)\n    and {places}"]


def test_problems_that_differ_in_reason_or_hint_stay_apart() -> None:
    assert len(texts_of([problem(line=1), problem(line=2, hint="mend it"), Problem(what="it is bad")])) == 3


@pytest.mark.parametrize(("count", "number"), [(1, "1 problem"), (2, "2 problems")])
def test_all_problems_are_counted_on_standard_error(
    capsys: pytest.CaptureFixture[str], count: int, number: str
) -> None:
    with pytest.raises(click.exceptions.Exit) as caught, failures_reported("net.cfg"):
        raise ConversionError(*(problem(line=line) for line in range(count)))
    assert caught.value.exit_code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[:2] == [f"net.cfg cannot be converted: {number}", "  net.cfg:0 [conv]: it is bad (so)"]


def test_a_missing_package_is_told_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "no_such_package", "some")
    with pytest.raises(click.exceptions.Exit) as caught, failures_reported("net.cfg"):
        require("a net", "no_such_package")
    assert caught.value.exit_code == 2
    assert capsys.readouterr().err.startswith("TC0003 a net needs no_such_package, which is not installed\n    -> ")


def test_other_exceptions_pass() -> None:
    with pytest.raises(ZeroDivisionError), failures_reported("net.cfg"):
        _ = 1 // 0


def test_what_is_odd_besides_follows_the_problems(capsys: pytest.CaptureFixture[str]) -> None:
    odd = [
        Note(kind="warning", text="that is odd", origin=Origin(layer="a", file="net.cfg", line=line)) for line in (4, 8)
    ]
    with pytest.raises(click.exceptions.Exit), failures_reported("net.cfg"):
        raise ConversionError(problem(line=3), notes=odd)
    assert capsys.readouterr().err.splitlines()[1:] == [
        "  net.cfg:3 [conv]: it is bad (so)",
        "Warnings that may explain this:",
        "  net.cfg:4: that is odd",
        "    and 1 more: line 8",
    ]
