"""Child processes with all that they start, ended together: process groups, and on Windows trees of processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

if sys.platform == "win32":
    import psutil

    def options(keep: Sequence[int]) -> dict[str, Any]:
        """Arguments of Popen for a child that Ctrl-C does not reach; no descriptors are inherited, also not `keep`."""
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}

    def kill(process: subprocess.Popen[bytes]) -> None:
        """End a child that was started with `options`, and what it has started."""
        with suppress(psutil.NoSuchProcess):
            _kill_below(process.pid)
        process.kill()

    def kill_own() -> NoReturn:
        """End this process and what it has started."""
        with suppress(psutil.NoSuchProcess):
            _kill_below(os.getpid())
        os._exit(1)

    def _kill_below(pid: int) -> None:
        for child in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()

else:

    def options(keep: Sequence[int]) -> dict[str, Any]:
        """Arguments of Popen for a child that leads a group of its own, and inherits the descriptors `keep`."""
        return {"start_new_session": True, "pass_fds": tuple(keep)}

    def kill(process: subprocess.Popen[bytes]) -> None:
        """End a child that was started with `options`, and what it has started."""
        with suppress(ProcessLookupError):  # it may end, and be waited for by another thread, just now
            os.killpg(process.pid, signal.SIGKILL)

    def kill_own() -> NoReturn:
        """End this process and, where it leads a group, what it has started."""
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)


def ending(code: int) -> str:
    """How a process ended, in words, by what Popen.wait gives."""
    if code >= 0:
        return f"ended by itself with status {code if code < 1 << 16 else hex(code)}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"was killed by {name}" + (": out of memory?" if name == "SIGKILL" else "")
