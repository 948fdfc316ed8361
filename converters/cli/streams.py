"""Standard output and standard error that say when they cannot be written to, however they are written to.

A full disk, a closed descriptor and a reader that has gone raise OSError somewhere inside of click, rich or Python's
own shutdown. Here they raise OutputLost, which nothing takes for an error of the model's files.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO


class OutputLost(Exception):
    """What was to be printed could not be. `reader_gone`: nobody reads it any more, as behind `| head`."""

    def __init__(self, error: OSError) -> None:
        self.reader_gone = error.errno in (errno.EPIPE, errno.ESHUTDOWN)
        super().__init__(error.strerror or str(error))


class _Stream(io.TextIOWrapper):
    """A text stream whose errors are OutputLost."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise OutputLost(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise OutputLost(error) from error


def guard() -> None:
    """Put such streams in the places of sys.stdout and sys.stderr; called once, before anything is opened or printed.

    Descriptors that are closed are opened first: the next file that is opened, a model of the user's perhaps, would
    have their numbers, and what other programs print would go into it. Standard output then refuses what is written to
    it, as a closed one does; standard error, which could not say so, takes it.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        if not _is_open(number):
            handle = os.open(os.devnull, flags)  # the lowest number that is free: this one
            assert handle == number, "those below it are open"
            os.set_inheritable(handle, True)
    sys.stdout = _guarded(sys.stdout, 1)
    sys.stderr = _guarded(sys.stderr, 2)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _guarded(stream: TextIO | None, number: int) -> TextIO:
    if isinstance(stream, _Stream):
        return stream
    if isinstance(stream, io.TextIOWrapper):
        return _Stream(
            stream.buffer,
            stream.encoding,
            stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
    if stream is not None:  # somebody else's, who embeds us
        return stream
    errors = "backslashreplace" if number == 2 else "strict"
    return _Stream(io.BufferedWriter(io.FileIO(number, "wb", closefd=False)), "utf-8", errors, line_buffering=True)


def give_up() -> None:
    """Throw away what could not be written and what may still be: Python would try it once more at its end."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        try:
            (sys.stdout if number == 1 else sys.stderr).flush()
        except OutputLost:
            os.dup2(nothing, number)
    os.close(nothing)
