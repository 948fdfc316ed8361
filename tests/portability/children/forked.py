"""Many jobs of one program: its modules are loaded once, and each job is a fork.

Run as a file: forked.py CHILD MODULES SECONDS JOB.json ...

A child is given its job as its argument, and as the one line that it reads.

What a job prints goes to `said` in its folder, and how it ended to `status`: as waitpid has it, or `timeout`.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

AT_ONCE = 2
"""Jobs that run at the same time."""


def main(child: str, modules: str, seconds: str, *jobs: str) -> None:
    sys.path.insert(0, str(Path(child).parent))
    for module in filter(None, modules.split(",")):
        import_module(module)
    waiting, running = iter(jobs), dict[int, tuple[str, float]]()
    while started := list(_started(child, waiting, AT_ONCE - len(running))) or running:
        running.update(started)
        for pid, (job, began) in list(running.items()):
            found, status = os.waitpid(pid, os.WNOHANG)
            late = not found and time.monotonic() - began > float(seconds)
            if late:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            if found or late:
                Path(job).with_name("status").write_text("timeout" if late else str(status), encoding="utf-8")
                del running[pid]
        time.sleep(0.005)


def _started(child: str, waiting: Iterator[str], count: int) -> Iterator[tuple[int, tuple[str, float]]]:
    for _, job in zip(range(count), waiting, strict=False):
        pid = os.fork()
        if not pid:
            _run(child, Path(job))
        yield pid, (job, time.monotonic())


def _run(child: str, job: Path) -> None:
    """Never comes back."""
    code = 1
    try:
        os.setsid()
        os.chdir(job.parent)
        said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(said, stream)
        os.dup2(os.open(job, os.O_RDONLY), 0)
        sys.argv = [child, str(job)]
        runpy.run_path(child, run_name="__main__")
        code = 0
    except SystemExit as error:
        if isinstance(error.code, str):
            sys.stderr.write(f"{error.code}\n")
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
