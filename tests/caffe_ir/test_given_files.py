from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from caffe_ir.given_files import check_regular, read_bytes

MB = 1 << 20


def test_a_file_is_read_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"x" * MB)
    assert read_bytes(path, MB) == b"x" * MB
    path.write_bytes(b"x" * (MB + 1))
    with pytest.raises(OSError) as caught:
        read_bytes(path, MB)
    assert caught.value.strerror == "it has more than 1 MB, and a file of its kind is read no further"


def test_what_has_no_end_is_refused() -> None:
    with pytest.raises(OSError, match="more than 2 MB"):
        read_bytes("/dev/zero", 2 * MB)


def test_a_pipe_is_read_as_its_writer_writes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    slowly = threading.Event()

    def write() -> None:
        with open(path, "wb", buffering=0) as file:
            file.write(b"a")
            slowly.wait(0.1)
            file.write(b"b" * 100_000)

    writer = threading.Thread(target=write)
    writer.start()
    while True:  # the reader that comes first is refused, and does not wait
        try:
            data = read_bytes(path)
        except OSError as error:
            assert error.strerror == "it is a pipe, and nothing writes into it"
        else:
            break
    writer.join()
    assert data == b"a" + b"b" * 100_000


def test_a_pipe_that_nothing_writes_into_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="nothing writes into it"):
        read_bytes(tmp_path / "pipe")
    with pytest.raises(OSError, match="a pipe or a device"):
        check_regular(tmp_path / "pipe")


@pytest.mark.parametrize("path", ["no/such/file", "a\0b", "x" * 5000, "/"])
def test_paths_that_lead_nowhere_are_an_oserror_with_its_reason(path: str) -> None:
    for read in (read_bytes, check_regular):
        with pytest.raises(OSError) as caught:
            read(path)
        assert caught.value.strerror


def test_only_what_keeps_its_bytes_is_regular(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    check_regular(path)
    (tmp_path / "link").symlink_to(path)
    check_regular(tmp_path / "link")
    for other in ("/dev/zero", "/dev/null"):
        with pytest.raises(OSError, match="a pipe or a device"):
            check_regular(other)
