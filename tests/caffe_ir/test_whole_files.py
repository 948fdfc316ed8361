from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.whole_files import whole_files, write_text


def test_all_files_take_their_places_together(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b.txt"
    with whole_files(first, second) as (one, other):
        one.write(b"1")
        other.write(b"2")
        assert not first.exists()
        assert not second.exists()
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    assert sorted(os.listdir(tmp_path)) == ["a", "b.txt"]


def test_they_have_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a", "é")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "a").read_bytes() == "é".encode()


def test_a_name_that_is_no_utf8_does_not_keep_a_text_from_being_written(tmp_path: Path) -> None:
    write_text(tmp_path / "a", f"<{os.fsdecode(b'net' + bytes([255]))}>")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "<net?>"


def test_an_exception_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(ZeroDivisionError), whole_files(tmp_path / "a", tmp_path / "b") as (one, _):
        one.write(b"%d" % (1 // 0))
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_in_the_place_of_one_file_keeps_the_others_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").mkdir()
    with pytest.raises(IsADirectoryError), whole_files(tmp_path / "a", tmp_path / "b"):
        raise AssertionError("nothing can be written")
    assert (tmp_path / "a").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_name_may_be_as_long_as_the_folder_allows(tmp_path: Path) -> None:
    name = "é" * 127  # of 255 bytes at most
    write_text(tmp_path / name, "text")
    assert os.listdir(tmp_path) == [name]


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C is heard, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("threads", [0, 3])
def test_a_signal_between_two_moves_waits_for_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """Whichever thread the system gives it to."""
    done = threading.Event()
    for _ in range(threads):
        threading.Thread(target=done.wait, daemon=True).start()
    replace, moved = Path.replace, list[str]()

    def interrupted(self: Path, target: Path) -> Path:
        moved.append(target.name)
        os.kill(os.getpid(), signal.SIGINT)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), whole_files(tmp_path / "a", tmp_path / "b"):
        pass
    done.set()
    assert moved == sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"cannot write .*No such file"):
        write_text(tmp_path / "none" / "a", "text")
    write_text(tmp_path / "made" / "here" / "a", "text", make_folder=True)
    assert (tmp_path / "made" / "here" / "a").read_text() == "text"
    with pytest.raises(ConversionError, match="cannot write"):
        write_text(tmp_path / "made" / "here" / "a" / "b", "text", make_folder=True)
