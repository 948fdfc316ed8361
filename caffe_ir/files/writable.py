"""Why a file cannot be written where it should be, in words: before there is anything to write, and after it failed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from caffe_ir.error_kinds.files import CANNOT_WRITE
from caffe_ir.errors import ConversionError, Problem

_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_ELSEWHERE = "write to another place"


def check_folder(wanted: Path) -> None:
    """Raise ConversionError where no file can be written to a folder, which need not be there yet."""
    there = _nearest(wanted)
    if why := _no_folder(there):
        raise ConversionError(Problem(kind=CANNOT_WRITE, what=f"cannot write to {wanted}", why=why, hint=_ELSEWHERE))
    if not os.access(there, os.W_OK | os.X_OK):
        what = f"the folder {there} cannot be written to"
        why, hint = "its permissions forbid it, or its disk is read-only", f"{_ELSEWHERE}, or change its permissions"
        raise ConversionError(Problem(kind=CANNOT_WRITE, what=what, why=why, hint=hint))


def cannot_write(place: Path, error: OSError, *, named: str = "", hint: str = "") -> Problem:
    """The problem with a place that the system gave no file; `named` is what several files with its stem are called."""
    there = _nearest(place.parent)
    why = _no_folder(there)
    if not why and error.errno in _FORBIDDEN:
        why = f"{error.strerror}: this user may not create files in the folder {there}"
    elif not why and isinstance(error, FileNotFoundError):
        why = f"no file can be created in the folder {there}"
    if why:
        hint = f"{_ELSEWHERE}{'; ' * bool(hint)}{hint}"
    return Problem(
        kind=CANNOT_WRITE, what=f"cannot write {named or place}", why=why or error.strerror or str(error), hint=hint
    )


def _nearest(wanted: Path) -> Path:
    """The folder, or the first above it that there is; a link to nothing is there, and in the way."""
    return next(one for one in (wanted.absolute(), *wanted.absolute().parents) if os.path.lexists(one))


def _no_folder(there: Path) -> str:
    """Why something that there is can hold no file; nothing where it is a folder."""
    if there.is_dir():
        return ""
    if there.is_symlink() and not there.exists():
        return f"{there} is a link that leads nowhere"
    return f"{there} is not a folder, but a file" if there.is_file() else f"{there} is not a folder"
