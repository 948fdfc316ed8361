from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from caffe_ir.files import locks
from caffe_ir.files.locks import NO_LOCKS, is_at, locked

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")


def opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT)


@posix
def test_one_has_it_at_a_time_and_it_ends_with_its_process(tmp_path: Path) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, b"%d" % locked(opened(tmp_path / "lock")))
        signal.pause()
    assert os.read(read, 1) == b"1"
    file = opened(tmp_path / "lock")
    assert not locked(file)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert locked(file)
    assert not locked(opened(tmp_path / "lock")), "nor has another part of the same process"
    os.close(file)


def test_a_file_system_without_locks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: int) -> None:
        raise OSError(NO_LOCKS[0], "No locks available")

    monkeypatch.setattr(locks, "_lock", none)
    with pytest.raises(OSError, match="No locks"):
        locked(opened(tmp_path / "lock"))


def test_a_file_that_was_replaced_or_removed_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    file = opened(path)
    assert is_at(file, path)
    os.replace(path, tmp_path / "other")
    assert not is_at(file, path)
    opened(path)
    assert not is_at(file, path)
