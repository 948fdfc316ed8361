"""What tells of a batch is refused before the first model is converted where it must not be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.converters.cli.zoo import call, contents, make_zoo

OPTIONS = ("--summary", "--report", "--junit")


def refused(folder: Path, *words: object) -> str:
    """What is said; nothing is begun and nothing changes."""
    before = contents(folder)
    result = call(folder / "zoo.toml", *words)
    assert result.exit_code == 2, result.output
    assert contents(folder) == before
    return result.stderr.replace(f"{folder}/", "")


@pytest.mark.parametrize("option", OPTIONS)
def test_no_report_replaces_what_is_read_or_is_not_ours(tmp_path: Path, option: str) -> None:
    make_zoo(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "link").symlink_to("a.weights")
    os.link(tmp_path / "b.cfg", tmp_path / "hard")
    assert "a.cfg is read, and cannot be written too" in refused(tmp_path, option, tmp_path / "a.cfg")
    assert "zoo.toml is read" in refused(tmp_path, option, tmp_path / "zoo.toml")
    assert "link is the same file as a.weights, which is read" in refused(tmp_path, option, tmp_path / "link")
    assert "hard is the same file as b.cfg" in refused(tmp_path, option, tmp_path / "hard")
    assert "mine.txt already exists" in refused(tmp_path, option, tmp_path / "mine.txt")
    assert "cannot write to" in refused(tmp_path, option, tmp_path / "mine.txt/r")


@pytest.mark.parametrize("option", OPTIONS)
def test_no_report_takes_the_place_of_what_the_batch_writes(tmp_path: Path, option: str) -> None:
    make_zoo(tmp_path)
    told = refused(tmp_path, option, tmp_path / "out/a.prototxt")
    assert "out/a.prototxt is written by [a] too" in told
    assert "by [b] too" in refused(tmp_path, option, tmp_path / "out/../out/b.verify.html")
    assert "zoo.state.jsonl is written by the batch itself too" in refused(
        tmp_path, option, tmp_path / "zoo.state.jsonl"
    )
    other = OPTIONS[OPTIONS.index(option) - 1]
    assert "x is written by another report too" in refused(tmp_path, option, tmp_path / "x", other, tmp_path / "x")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    make_zoo(tmp_path)
    told = refused(tmp_path, "--summary", tmp_path / "a.cfg", "--report", tmp_path / "b.cfg")
    assert "2 problems" in told


def test_reports_of_ours_are_replaced(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path)
    words = [manifest, "--report", tmp_path / "r.html", "--junit", tmp_path / "deep/j.xml"]
    assert call(*words).exit_code == 0
    assert call(*words).exit_code == 0
    assert "3 unchanged" in (tmp_path / "r.html").read_text()
    assert 'tests="3"' in (tmp_path / "deep/j.xml").read_text()


def test_reports_stay_apart_where_one_is_the_place_of_another_kind(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path)
    assert call(manifest, "--report", tmp_path / "r").exit_code == 0
    assert "r already exists" in refused(tmp_path, "--junit", tmp_path / "r")
