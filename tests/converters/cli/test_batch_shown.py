from __future__ import annotations

import io
from datetime import datetime

import pytest
from msgspec.structs import replace
from rich.console import Console

from converters.batch.job import Result
from converters.batch.manifest import Unpaired
from converters.batch.outcome import Outcome
from converters.cli import batch_shown
from converters.cli.batch_shown import line, show_outcome, show_unpaired, shown

GOOD = Result(
    name="yolo[v3]",
    target="caffe",
    state="converted",
    seconds=1.25,
    peak_memory=48_000_000,
    layers=319,
    files={"a": (1_234_567, 1)},
    verify={"verdict": "agrees"},
    warnings=("the report of verify is not made",),
)
BAD = Result(name="bad", target="caffe", state="failed", problems=("x.cfg:3: wrong", "second"))


def outcome(*results: Result) -> Outcome:
    return Outcome(results=results, begin=datetime(2020, 1, 1))


def test_a_result_is_told_in_a_line_or_with_its_reasons() -> None:
    assert line(GOOD) == "yolo[v3]@caffe: converted, 319 layers, 1,234,567 bytes, 1.25 s, 48 MB"
    assert line(BAD) == "bad@caffe: failed\n  x.cfg:3: wrong\n  second"


def test_the_table_has_every_figure_and_every_reason(capsys: pytest.CaptureFixture[str]) -> None:
    show_outcome(outcome(GOOD, BAD))
    told = capsys.readouterr().out
    rows = [row.split() for row in told.splitlines()]
    assert ["yolo[v3]", "caffe", "converted", "1.25", "48", "319", "1,234,567", "agrees"] in rows
    assert "1 of 2 converted, 1 failed\n1 warning, which the summary lists" in told
    assert "bad@caffe: x.cfg:3: wrong" in told
    assert "bad@caffe: second" in told


def test_engines_that_refuse_or_misread_models_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    right, refused, wrong = ({"result": result, "evidence": "run"} for result in ("right", "refused", "wrong"))
    two = replace(GOOD, engines={"mnn": refused, "ncnn": right, "opencv": wrong})
    unknown = {"result": "unknown", "evidence": "document"}
    one = replace(GOOD, engines={"mnn": refused, "mace": refused, "ascend": refused, "ncnn": unknown})
    show_outcome(outcome(two, one))
    told = " ".join(capsys.readouterr().out.split())
    assert "models WRONG in opencv: 1; refused by mnn: 2; ascend, mace: 1; the summary says which layers" in told
    show_outcome(outcome(GOOD))
    assert "models WRONG" not in capsys.readouterr().out


def test_without_warnings_none_are_mentioned(capsys: pytest.CaptureFixture[str]) -> None:
    show_outcome(outcome(BAD))
    assert "warning" not in capsys.readouterr().out


def test_of_many_models_the_table_lists_those_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    show_outcome(outcome(*[GOOD] * 500, BAD))
    told = capsys.readouterr().out
    assert "yolo" not in told
    assert "500 of 501 converted, 1 failed" in told
    assert len(told.splitlines()) < 10


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal of 100 characters would have been sent."""
    sent = io.StringIO()
    made = Console(file=sent, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr("rich.console.Console", lambda **options: made)
    return sent


def test_a_terminal_has_a_line_for_each_process_and_one_in_all(terminal: io.StringIO) -> None:
    with shown(2, quiet=False) as watch:
        watch.steps(0, "yolo[v3]", "writing 45%")
        watch.steps(1, "bad", "converting")
        watch.seen(BAD)
    told = terminal.getvalue()
    last = told.rpartition("all ")[2]
    assert "1/2" in last
    assert "1  yolo[v3]  writing 45%" in last
    assert "2  bad  converting" in last
    assert "x.cfg:3: wrong" in told


def test_quiet_shows_what_fails_and_nothing_else(terminal: io.StringIO) -> None:
    with shown(1, quiet=True) as watch:
        watch.steps(0, "a", "converting")
        watch.seen(GOOD)
    assert terminal.getvalue() == ""
    with shown(1, quiet=True) as watch:
        watch.seen(BAD)
    assert terminal.getvalue() == "bad@caffe: failed\n  x.cfg:3: wrong\n  second\n"


def test_of_many_files_of_no_model_some_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    show_unpaired([Unpaired(path=f"{number}\x1b.cfg", why="no weights") for number in range(100)])
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "0\\x1b.cfg is not paired: no weights"
    assert told[60:] == ["and 40 more that are not paired: the summary lists them"]


def test_the_module_needs_no_console_to_be_imported() -> None:
    assert "Console" not in vars(batch_shown)
