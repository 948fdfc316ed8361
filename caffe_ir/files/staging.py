"""The room in which a set of files is made: a hidden folder beside its place, which one process has at a time.

It has the place's name and a lock that ends with its process: there is no stale one, and what a killed process left is
in the way of nobody and is removed by the next.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from caffe_ir.files.locks import NO_LOCKS, is_at, locked

_ENDING, _NEW, _OLD = ".tocaffe", "new", "old"
_LONGEST, _OF_THE_NAME = 200, 32
"""Bytes of a name that stands whole in the folder's, and the characters that do of a longer one."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_PATIENCE = 10.0
"""Seconds that a process waits for another one that has the room."""


def room_of(place: Path) -> Path:
    """The folder in which the set is made whose last file has this place."""
    name = place.name
    if len(os.fsencode(name)) > _LONGEST:
        name = f"{name[:_OF_THE_NAME]}-{zlib.crc32(os.fsencode(name)):08x}"
    return place.with_name(f".{name}{_ENDING}")


def aside(file: Path, place: Path) -> Path:
    """Where the old file of a place is put, for the new one in a room; the folder for it is made."""
    folder = file.parent.with_name(_OLD)
    folder.mkdir(exist_ok=True)
    return folder / place.name


def forget_old(file: Path, *, undone: bool = False) -> None:
    """Remove what `aside` has taken in: the new files have their places, or all is back where it was."""
    folder = file.parent.with_name(_OLD)
    if not undone:
        _remove(folder)
    else:
        with suppress(OSError):  # what could not be put back stays in it
            folder.rmdir()


def interrupted(place: Path) -> bool:
    """Whether a process was killed while the files of this set changed places, so that the last one is missing."""
    old = room_of(place) / _OLD
    return not place.exists() and old.is_dir() and not old.is_symlink()


@contextmanager
def staged(place: Path, *, patience: float | None = None) -> Iterator[Path]:
    """An empty folder for the new files of the set whose last file has this place; nobody else gets it meanwhile.

    What `interrupted` goes by stays until a set has taken its places. Raises OSError, also where another process keeps
    the room longer than `patience`, in seconds.
    """
    with _held(place, patience) as room:
        _remove(room / _NEW)
        if not interrupted(place):
            _remove(room / _OLD)
        (room / _NEW).mkdir()
        try:
            yield room / _NEW
        finally:
            _remove(room / _NEW)


def remove_leftovers(places: Iterable[Path]) -> None:
    """Remove what killed processes left beside these places; not what shows whose the other files of a set are.

    Nor what is somebody's who is at work: nobody is waited for.
    """
    for place in places:
        if room_of(place).exists() and not interrupted(place):
            with suppress(OSError), staged(place, patience=0.0):
                pass


def _remove(*folders: Path) -> None:
    """Remove folders, and what somebody put in the place of one: a link is not followed."""
    for folder in folders:
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(place: Path, patience: float | None) -> Iterator[Path]:
    """The room of a place, made and locked; it is removed, if it is empty, before others may have it.

    On a file system without locks it is a folder of another name each time: what a killed process leaves stays there,
    and two runs at once to the same files are for their user to avoid.
    """
    room = room_of(place)
    try:
        lock = _waited(room, _PATIENCE if patience is None else patience)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        _remove(room)
        with tempfile.TemporaryDirectory(prefix=f"{room.name}.", dir=room.parent) as folder:
            yield Path(folder)
        return
    try:
        yield room
    finally:
        _let_go(room, lock)


def _waited(room: Path, patience: float) -> int:
    """The descriptor of the room's lock. Raises OSError, also where another process keeps it."""
    begin = time.monotonic()
    while (lock := _locked(room)) is None:
        if time.monotonic() - begin >= patience:
            raise BlockingIOError(errno.EAGAIN, "another process is writing it: wait for it, or end it")
        time.sleep(0.02)
    return lock


def _locked(room: Path) -> int | None:
    """The same; None where another process has it, or has just removed it."""
    if room.is_symlink():
        raise OSError(errno.ELOOP, f"{room} is a symbolic link, and its content would be removed")
    with suppress(FileExistsError):
        room.mkdir()
    try:
        file = os.open(room / "lock", os.O_RDWR | os.O_CREAT | _NO_LINK, 0o666)
    except FileNotFoundError:
        return None
    kept = False
    try:
        kept = locked(file) and is_at(file, room / "lock")
    finally:
        if not kept:
            os.close(file)
    return file if kept else None


def _let_go(room: Path, lock: int) -> None:
    """Remove the room and then its lock; on Windows, which removes no open file, the other way round."""
    removed = False
    with suppress(OSError):
        os.unlink(room / "lock")
        removed = True
    os.close(lock)
    with suppress(OSError):
        if not removed:
            os.unlink(room / "lock")
        room.rmdir()
