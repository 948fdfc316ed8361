from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.writable import cannot_write, check_folder

PROC = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder where even root makes no files")


def system_error(place: Path) -> OSError:
    """What the system says where a file is made."""
    with pytest.raises(OSError) as raised:
        place.touch()
    return raised.value


def test_a_folder_that_is_there_or_can_be_made(tmp_path: Path) -> None:
    check_folder(tmp_path)
    check_folder(tmp_path / "new" / "er")
    assert os.listdir(tmp_path) == []


def test_what_stands_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("away")
    for name, why in (("a", "a is not a folder, but a file"), ("pipe", "pipe is not a folder"), ("link", "nowhere")):
        for wanted in (tmp_path / name, tmp_path / name / "deeper"):
            with pytest.raises(ConversionError, match=rf"{why}.*\n *-> write to another place"):
                check_folder(wanted)


def test_after_it_failed_the_same_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    place = tmp_path / "a" / "b" / "net.png"
    problem = cannot_write(place, system_error(place), hint="no file was changed")
    assert problem.what == f"cannot write {place}"
    assert problem.why == f"{tmp_path / 'a'} is not a folder, but a file"
    assert problem.hint == "write to another place; no file was changed"


@PROC
def test_a_system_that_makes_no_files(tmp_path: Path) -> None:
    problem = cannot_write(Path("/proc/a.png"), system_error(Path("/proc/a.png")), named="a.*")
    assert (problem.what, problem.why) == ("cannot write a.*", "no file can be created in the folder /proc")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o555)
    with pytest.raises(ConversionError, match=r"mine cannot be written to \(its permissions"):
        check_folder(tmp_path / "mine" / "a")
    place = tmp_path / "mine" / "a"
    assert "makes no file in" not in cannot_write(place, OSError("full")).why
    assert f"no file in the folder {tmp_path / 'mine'}" in cannot_write(place, system_error(place)).why


def test_what_the_system_says_stays_where_the_folder_is_right(tmp_path: Path) -> None:
    place = tmp_path / ("a" * 300)
    assert cannot_write(place, system_error(place)).why == "File name too long"
