"""A lock on an open file: it ends with the process that holds it, however that ends, so that none is ever stale."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
"""What the systems say of a file system without locks, as some that lie on another machine."""


def locked(file: int) -> bool:
    """Lock an open file for this process, and those that inherit the descriptor; False where another one holds it.

    Raises OSError, where the file system has no locks with an errno of NO_LOCKS.
    """
    try:
        if sys.platform == "win32":
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
