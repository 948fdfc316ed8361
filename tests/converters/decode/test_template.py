from __future__ import annotations

from pathlib import Path

import pytest

from converters.decode import template


@pytest.mark.parametrize(
    ("tags", "lines"),
    [
        (set(), "0 9"),
        ({"a"}, "0 1 3 9"),
        ({"a", "inner"}, "0 1 2 3 9"),
        ({"b", "inner"}, "0 1 2 3 9"),
        ({"inner"}, "0 9"),
    ],
)
def test_blocks_stand_in_files_and_in_each_other(
    tags: set[str], lines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template, "__file__", str(tmp_path / "template.py"))
    (tmp_path / "whole.in").write_text("0\n//@ a b\n1\n//@ file part.in\n3\n//@ end\n{{NINE}}\n")
    (tmp_path / "part.in").write_text("//@ inner\n2\n//@ end\n")
    assert template.filled("whole.in", tags, {"NINE": "9"}).split() == lines.split()
