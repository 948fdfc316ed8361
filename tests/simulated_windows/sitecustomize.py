"""Windows, as far as our own code can see it, in any Python that finds this file on its path.

- caffe_ir and converters find no name that Windows lacks, and no module; what is missing is typeshed's knowledge, which
  the environment brings as JSON. `sys.platform` is "win32" to them. Everybody else's code sees what there is.
- `msvcrt.locking` locks bytes for one handle, as LockFile does.
- Popen refuses what POSIX alone has, and knows Windows' flags.
- No file is renamed, replaced or removed while somebody has it open or mapped.
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import json
import os
import pathlib
import shutil
import struct
import subprocess
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

OURS = ("caffe_ir", "converters")
ADDED: dict[str, dict[str, Any]] = {"sys": {"platform": "win32"}, "subprocess": {"CREATE_NEW_PROCESS_GROUP": 0x200}}
POSIX_ARGUMENTS = ("pass_fds", "preexec_fn", "start_new_session", "process_group", "user", "group", "umask")


# ---- names ----------------------------------------------------------------------------------------------------------


class Seen(types.ModuleType):
    """A module without some of its names."""

    def __init__(self, real: types.ModuleType, hidden: Sequence[str], added: Mapping[str, Any]) -> None:
        super().__init__(real.__name__)  # Python 3.10 has no vars of it before
        vars(self).update(_real=real, _hidden=frozenset(hidden), _added=added)

    def __getattr__(self, name: str) -> Any:
        if name in self._added:
            return self._added[name]
        if name in self._hidden:
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r}")
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)


class SharingViolation(PermissionError):
    winerror = 32


def hide(hidden: Mapping[str, Sequence[str]]) -> None:
    """Have our own modules import what Windows has."""
    plain = builtins.__import__
    seen: dict[str, types.ModuleType] = {"msvcrt": msvcrt()}

    def importing(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> types.ModuleType:
        top = name.partition(".")[0]
        ours = str((globals or {}).get("__name__", "")).partition(".")[0] in OURS
        if not ours or level or top not in (*hidden, *seen, *ADDED):
            return plain(name, globals, locals, fromlist or (), level)
        if top not in seen:
            real = plain(top)
            if hidden.get(top) == ["*"]:
                raise ModuleNotFoundError(f"No module named {top!r}", name=top)
            seen[top] = Seen(real, hidden.get(top, ()), ADDED.get(top, {}))
        return plain(name, globals, locals, fromlist, level) if "." in name and fromlist else seen[top]

    builtins.__import__ = importing


# ---- locks ----------------------------------------------------------------------------------------------------------

_OFD_SETLK = 37
"""F_OFD_SETLK of Linux's fcntl.h: a lock of bytes that belongs to an open file, not to the process."""


def msvcrt() -> types.ModuleType:
    module = types.ModuleType("msvcrt")

    def locking(file: int, mode: int, count: int) -> None:
        place = os.lseek(file, 0, os.SEEK_CUR)
        lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, place, count, 0)
        try:
            fcntl.fcntl(file, _OFD_SETLK, lock)
        except OSError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    vars(module).update(locking=locking, LK_NBLCK=2)
    return module


# ---- processes ------------------------------------------------------------------------------------------------------


def refuse_posix_arguments() -> None:
    begin = subprocess.Popen.__init__

    def made(self: Any, *arguments: Any, **options: Any) -> None:
        for name in POSIX_ARGUMENTS:
            if options.get(name):
                raise ValueError(f"{name} is not supported on Windows.")
        if options.pop("creationflags", 0):
            options["start_new_session"] = True
        begin(self, *arguments, **options)

    subprocess.Popen.__init__ = made  # type: ignore[method-assign]


def count_working_sets() -> None:
    """psutil on Windows gives a `peak_wset`."""
    plain = psutil.Process.memory_info
    psutil.Process.memory_info = lambda self: types.SimpleNamespace(peak_wset=plain(self).rss)


# ---- files ----------------------------------------------------------------------------------------------------------


def keep_open_files(root: Path) -> None:
    """Refuse to move or remove a file below a folder while anybody has it open."""
    for name in ("replace", "rename", "unlink", "remove"):
        setattr(os, name, _careful(getattr(os, name), root))
        if hasattr(pathlib, "_normal_accessor"):  # Python 3.10: what a Path calls
            setattr(pathlib._normal_accessor, name, getattr(os, name))
    shutil._use_fd_functions = False  # type: ignore[attr-defined]


def _careful(act: Callable[..., None], root: Path) -> Callable[..., None]:
    def acted(*paths: Any, **options: Any) -> None:
        for path in paths:
            real = os.path.realpath(os.fsdecode(path))
            if real.startswith(f"{root}/") and is_open(real):
                raise SharingViolation(errno.EACCES, "it is being used by another process", os.fsdecode(path))
        act(*paths, **options)

    return acted


def is_open(path: str) -> bool:
    """Whether a process that we may look into has the file open or mapped."""
    if not os.path.isfile(path):
        return False
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if f" {path}\n" in (process / "maps").read_text(encoding="utf-8", errors="replace"):
                return True
            if any(_leads_to(file, path) for file in (process / "fd").iterdir()):
                return True
    return False


def _leads_to(file: Path, path: str) -> bool:
    try:
        return os.readlink(file) == path
    except OSError:  # it was closed just now, as the folder's own one is
        return False


if told := os.environ.get("SIMULATED_WINDOWS"):
    count_working_sets()
    refuse_posix_arguments()
    keep_open_files(Path(os.path.realpath(os.environ["SIMULATED_ROOT"])))
    hide(json.loads(told))
