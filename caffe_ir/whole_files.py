"""Files that appear whole or not at all: written beside their places, and moved there together at the end."""

from __future__ import annotations

import errno
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from caffe_ir.errors import ConversionError, Problem

_OF_THE_NAME = 32
"""So much of a file's name stands in that of the temporary one, which must not be longer than a folder allows."""

_HELD_BACK = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def whole_files(*places: Path) -> Iterator[list[BinaryIO]]:
    """Files open for writing, one for each place, which they take together when the block ends without an exception.

    Until then, and for ever if it does not, what was there before is untouched. Raises OSError. A file is written
    through the handle that made it: opened a second time, and so truncated, ext4 would write its blocks to the disk
    when it is closed.
    """
    made: list[Path] = []
    try:
        with ExitStack() as opened:
            files: list[BinaryIO] = []
            for place in places:
                if place.is_dir():  # told now, while no other file has been moved yet
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(place))
                handle, name = tempfile.mkstemp(prefix=f".{place.name[:_OF_THE_NAME]}.", dir=place.parent)
                made.append(Path(name))
                files.append(opened.enter_context(open(handle, "wb")))
                made[-1].chmod(0o666 & ~_umask())
            yield files
        with _undisturbed():
            for path, place in zip(made, places, strict=True):
                path.replace(place)
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def write_text(place: Path, text: str, *, make_folder: bool = False) -> None:
    """Write a text in UTF-8, whole or not at all; bytes of names that are no UTF-8 are `?`. Raises ConversionError."""
    try:
        if make_folder:
            place.parent.mkdir(parents=True, exist_ok=True)
        with whole_files(place) as (file,):
            file.write(text.encode(errors="replace"))
    except OSError as error:
        raise ConversionError(Problem(what=f"cannot write {place}", why=error.strerror or str(error))) from error


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and termination while the files change places, so that those of one net stay together.

    By handlers: a signal that is blocked in this thread may be taken by another one, and interrupts this one all the
    same.
    """
    if threading.current_thread() is not threading.main_thread():  # where handlers run, and only there
        yield
        return
    came: list[int] = []
    numbers = [number for name in _HELD_BACK if (number := getattr(signal, name, None)) is not None]
    own = {number: handler for number in numbers if (handler := signal.getsignal(number)) is not None}
    for number in own:
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in own.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)
