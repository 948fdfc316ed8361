"""A lock on an open file: it ends with the process that has it, however that ends, so that none is ever stale."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
"""What the systems say of a file system without locks, as some that lie on another machine."""

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """The byte that stands for the file: beyond its end, since nobody else may read or write a byte that is locked."""

    def _lock(file: int) -> None:
        """Lock the byte; `msvcrt.locking` locks where the file is read next."""
        place = os.lseek(file, 0, os.SEEK_CUR)
        os.lseek(file, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(file, place, os.SEEK_SET)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def locked(file: int) -> bool:
    """Lock an open file for this process; False where another one has it, or another handle of this process.

    A process that inherits the descriptor has the lock too, but for Windows, where it ends with the one that took it.
    Raises OSError, where the file system has no locks with an errno of NO_LOCKS.
    """
    try:
        _lock(file)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        return False
    return True


def is_at(file: int, path: Path) -> bool:
    """Whether an open file is the one that has this path: another process may have replaced or removed it."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
