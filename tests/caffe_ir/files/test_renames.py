"""Renaming where a file is open, as Windows refuses it; tests/end_to_end/test_windows.py has real open files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from caffe_ir.files import renames
from caffe_ir.files.renames import renamed


def refusing(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """os.replace is refused so often."""
    replace, left = os.replace, [times]

    def acted(source: Path, target: Path) -> None:
        if left[0]:
            left[0] -= 1
            raise PermissionError(13, "it is used by another process", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", acted)


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("old")
    renamed(tmp_path / "a", tmp_path / "b")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("b", "new")]


def test_permissions_that_forbid_it_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(1, monkeypatch)
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waits"))
    with pytest.raises(PermissionError, match="used by another process"):
        renamed(tmp_path / "a", tmp_path / "b")


def test_who_has_a_file_open_is_waited_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("new")
    monkeypatch.setattr(renames, "_in_use", lambda error: True)
    monkeypatch.setattr(renames, "_PATIENCE", 600.0)  # collecting takes long in a large process
    refusing(3, monkeypatch)
    renamed(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "new"


def test_who_keeps_a_file_open_is_named_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renames, "_in_use", lambda error: True)
    monkeypatch.setattr(renames, "_PATIENCE", 0.1)
    refusing(10_000, monkeypatch)
    with pytest.raises(PermissionError, match=r"another program has it open.*'.*b'"):
        renamed(tmp_path / "a", tmp_path / "b")
