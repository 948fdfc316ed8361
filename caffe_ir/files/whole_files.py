"""Sets of files that appear whole or not at all, whatever ends the process that writes them.

The last file of a set is the one that makes it a net: without its prototxt nothing loads a caffemodel. Why no two files
of different runs ever load together:

1. The new files are made in a folder of their own beside their places. Until they are complete - and with `durable` on
   the disk - no place changes: whoever is killed, or cannot go on, leaves the old set.
2. The old prototxt goes away first: from here on nothing loads.
3. The other old files go away, and the new ones take their places.
4. The new prototxt comes last: the new set.

Every step is a rename inside one file system, which happens whole or not at all. One that fails has the ones before it
undone, from the last to the first, so that the old prototxt comes back when all its files are there. And nobody else is
between these steps: the folder is one process's (staging.py). A single file needs no more than its own rename.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from caffe_ir.files.renames import renamed
from caffe_ir.files.staging import aside, forget_old, staged

_HELD_BACK = ("SIGINT", "SIGTERM", "SIGHUP")

Move = tuple[Path, Path]
"""From a file to its place."""


@contextmanager
def whole_files(
    *places: Path,
    gone: Callable[[], Iterable[Path]] = tuple,
    of_set: Path | None = None,
    durable: bool = False,
    make_folders: bool = False,
) -> Iterator[list[BinaryIO]]:
    """Files open for writing, one for each place, which they take together when the block ends without an exception.

    `gone` tells which files of the old set the new one does not have; it is asked, as the block is run, while nobody
    else writes the set. `of_set` is the last place of the set that a single file belongs to. A place that is a symbolic
    link is followed. With `durable` the files are on the disk when they take their places, so that a power cut leaves
    no mixture either; with `make_folders` their folders are made, and go again where nothing comes of it.
    Raises OSError, also where another process is writing them. A file is written through the handle that made it:
    opened a second time, and so truncated, ext4 would write its blocks to the disk when it is closed.
    """
    with ExitStack() as rooms:
        moves: list[Move] = []
        if make_folders:
            rooms.enter_context(_folders((place.parent for place in places), durable=durable))
        made: dict[Path, Path] = {}
        if of_set is not None:
            target = target_of(of_set)
            made[target.parent] = rooms.enter_context(staged(target))
        for target in map(target_of, reversed(places)):  # the last one's room is everybody's that lies beside it
            if target.parent not in made:
                made[target.parent] = rooms.enter_context(staged(target))
            moves.insert(0, (made[target.parent] / target.name, target))
        with ExitStack() as opened:
            yield [opened.enter_context(open(path, "xb")) for path, _ in moves]
        publish(moves, gone=gone(), durable=durable)


@contextmanager
def _folders(wanted: Iterable[Path], *, durable: bool) -> Iterator[None]:
    """Make folders that are not there, and take them away again where the block ends with an exception."""
    made: list[Path] = []
    try:
        for folder in wanted:
            missing = [one for one in (folder, *folder.parents) if not one.exists()]
            for one in reversed(missing):
                one.mkdir(exist_ok=True)
                made.append(one)
        if durable:
            _sync_folders({one.parent for one in made})
        yield
    except BaseException:
        for one in reversed(made):
            with suppress(OSError):
                one.rmdir()
        raise


# ---- the steps ----------------------------------------------------------------------------------------------------


def publish(moves: Sequence[Move], *, gone: Iterable[Path] = (), durable: bool = False) -> None:
    """Have complete files take their places as the head of this module says; they lie in rooms of `staged`.

    Raises OSError, and then all places are as they were.
    """
    *others, last = moves
    if durable:
        for file, _ in moves:
            _sync_file(file)
    away: list[Move] = []
    if others:
        beside = {place.parent: file for file, place in moves}  # no file leaves its file system
        away = [(place, aside(file, place)) for file, place in (last, *others)]
        away += [(place, aside(beside.get(place.parent, last[0]), place)) for place in gone]
    done: list[Move] = []
    with _undisturbed():
        try:
            for step in ([one for one in away if one[0].exists()], others, [last]):
                for source, target in step:
                    renamed(source, target)
                    done.append((source, target))
                if durable:
                    _sync_folders({place.parent for _, place in moves})
        except BaseException:
            for source, target in reversed(done):
                renamed(target, source)
            for file, _ in moves:
                forget_old(file, undone=True)
            raise
        if others:
            for file, _ in moves:
                forget_old(file)


def target_of(place: Path) -> Path:
    """Where a place really is. Raises OSError where no file can be: now, while no other file has been moved."""
    target = Path(os.path.realpath(place))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return target
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(place))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, and a file would take its place", str(place))
    return target


def _sync_file(file: Path) -> None:
    """Have the content of a complete file on the disk."""
    handle = os.open(file, os.O_RDWR)  # Windows flushes only what may be written to
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folders(folders: Iterable[Path]) -> None:
    """Have the names in these folders on the disk; where folders cannot be opened, the system sees to it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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
