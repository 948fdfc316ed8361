from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.text_files import write_text


def test_a_text_is_whole_and_replaces_its_own_kind(tmp_path: Path) -> None:
    place = tmp_path / "new" / "a"
    for text in ("<us> é", "<us> again"):
        write_text(place, text, mark="<us>")
        assert place.read_bytes() == text.encode()
    assert os.listdir(place.parent) == ["a"]
    place.write_text("mine")
    with pytest.raises(ConversionError, match="already exists"):
        write_text(place, "<us>", mark="<us>")
    assert place.read_text() == "mine"


def test_a_text_without_a_mark_replaces_nothing(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "one")
    with pytest.raises(ConversionError, match="already exists"):
        write_text(tmp_path / "a", "two")


def test_a_name_that_is_no_utf8_does_not_keep_a_text_from_being_written(tmp_path: Path) -> None:
    write_text(tmp_path / "a", f"<{os.fsdecode(b'net' + bytes([255]))}>")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "<net?>"


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(ConversionError, match=r"cannot write .*a is not a folder, but a file"):
        write_text(tmp_path / "a" / "b", "text")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConversionError, match="already exists"):
        write_text(tmp_path / "pipe", "text")
