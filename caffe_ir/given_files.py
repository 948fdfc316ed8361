"""Files that somebody else made, read to a limit: what has no end, or waits for nobody, ends in a message.

A text may come out of a pipe. Weights may not: their numbers are fetched later, from where they lie in the file.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

LARGEST_TEXT = 64 << 20
"""Bytes of a text: a net of 100,000 layers takes a third of it."""

_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)


def read_bytes(path: str | Path, most: int = LARGEST_TEXT) -> bytes:
    """All of a file that has at most `most` bytes. Raises OSError with a `strerror` that says why it cannot be read.

    A pipe is read as far as its writer goes; one that nothing writes into is refused, where `open` would wait.
    """
    try:
        with open(path, "rb", buffering=0, opener=_opened) as raw:
            data = _head_of_pipe(raw)
            with io.BufferedReader(raw) as file:
                data += file.read(most + 1 - len(data))
    except ValueError as error:  # a null byte in the path
        raise OSError(errno.EINVAL, str(error)) from None
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most >> 20} MB, and a file of its kind is read no further")
    return data


def check_regular(path: str | Path) -> None:
    """Raise OSError where a path leads to no file, or to one whose bytes do not stay: a pipe, a device."""
    try:
        mode = os.stat(path).st_mode
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, and models and weights are read from files only")


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | _WITHOUT_WAITING)


def _head_of_pipe(raw: io.FileIO) -> bytes:
    """The first byte of a pipe, if there is one already; from then on reading waits for what is written."""
    head = b""
    if _WITHOUT_WAITING and stat.S_ISFIFO(os.fstat(raw.fileno()).st_mode):
        first = raw.read(1)  # None where there is a writer that has written nothing yet
        if first == b"":
            raise OSError(errno.EPIPE, "it is a pipe, and nothing writes into it")
        head = first or b""
    if _WITHOUT_WAITING and hasattr(os, "set_blocking"):
        os.set_blocking(raw.fileno(), True)
    return head
