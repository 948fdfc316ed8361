from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from converters.run.names import read_names


def test_a_line_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "x.names").write_bytes(b"a dog\r\n\r\ncat \n\n\n")
    assert read_names(tmp_path / "x.names", 3) == ("a dog", "", "cat")
    assert read_names(tmp_path / "x.names", 0) == ("a dog", "", "cat")


@pytest.mark.parametrize("classes", [1, 2, 4, 80])
def test_the_list_of_another_net_is_refused(tmp_path: Path, classes: int) -> None:
    (tmp_path / "x.names").write_text("a\nb\nc\n")
    with pytest.raises(ConversionError, match=f"has 3 names, the net {classes} classes"):
        read_names(tmp_path / "x.names", classes)


def test_the_background_is_a_class_of_some_nets(tmp_path: Path) -> None:
    (tmp_path / "x.names").write_text("a\nb\nc\n")
    with pytest.raises(ConversionError, match="class 0 is the background, and has the first line"):
        read_names(tmp_path / "x.names", 4)


def test_no_file_is_no_list(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ConversionError):
            read_names(path, 3)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "dog\n".encode("utf-16")])
def test_what_is_no_text_is_no_list(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.names").write_bytes(content)
    with pytest.raises(ConversionError, match="is not text"):
        read_names(tmp_path / "x.names", 1)
