"""The outside of child processes: each does one job at a time, and what ends one of them ends its job alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from typing import IO, Any

from caffe_ir.error_kinds.batch import STOPPED
from converters.batch import process_groups
from converters.batch.job import Job, Result
from converters.batch.publish import remove_leftovers

Steps = Callable[[int, str, str], None]
"""Called with the number of the process, its model's name and what it is doing; both are empty when it is done."""

_PROGRAM = "import sys; sys.path[:] = {path!r}; from {module} import main; main()"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_ERRORS_SHOWN = 1500


class Slot:
    """One child process, made when it is first needed and made anew after it was lost."""

    def __init__(self, number: int, module: str, *, timeout: float | None, threads: int, keep: tuple[int, ...]) -> None:
        self.number = number
        self._module, self._timeout, self._threads, self._keep = module, timeout, threads, keep
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._late = self._stopped = False

    def run(self, job: Job, steps: Steps) -> Result:
        """Have a job done. A process that dies or takes too long is the job's failure."""
        process = self._running()
        self._late = False
        self._errors.seek(0)
        self._errors.truncate()
        watch = threading.Timer(self._timeout, self._expire) if self._timeout else None
        if watch:
            watch.daemon = True
            watch.start()
        try:
            return self._result(process, job, steps)
        finally:
            if watch:
                watch.cancel()
                watch.join()
            if self._late and self._process:  # the time was over just after the answer
                self._end(self._process)

    def stop(self) -> None:
        """End the process, whatever it is at, and make no other."""
        self._stopped = True
        self._kill()

    def close(self) -> None:
        """Let go of the process and its pipes, when nobody waits for it any more."""
        self.stop()
        if self._process:
            self._end(self._process)
        self._errors.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process and self._process.poll() is not None:
            self._end(self._process)  # it was ended while it had nothing to do
        if self._process is None:
            threads = {name: os.environ.get(name, str(self._threads)) for name in _THREADS}
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _PROGRAM.format(path=[part or os.getcwd() for part in sys.path], module=self._module),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, **threads},
                **process_groups.options(self._keep),
            )
            if self._stopped:
                self._kill()
        return self._process

    def _result(self, process: subprocess.Popen[bytes], job: Job, steps: Steps) -> Result:
        assert process.stdin is not None, "a pipe was asked for"
        assert process.stdout is not None, "a pipe was asked for"
        try:
            process.stdin.write(job.to_text().encode() + b"\n")
            process.stdin.flush()
        except OSError:
            return self._lost(process, job)
        for line in process.stdout:
            told: dict[str, Any] = json.loads(line)
            if "step" in told:
                steps(self.number, job.name, told["step"])
                continue
            if told["last"]:
                self._end(process)
            return Result.from_json(told["result"])
        return self._lost(process, job)

    def _lost(self, process: subprocess.Popen[bytes], job: Job) -> Result:
        code = self._end(process)
        remove_leftovers([job.stem])
        if self._late:
            return job.failed(STOPPED.mark(f"stopped after {self._timeout:g} s (--timeout)"))
        self._errors.seek(0)
        last = self._errors.read()[-_ERRORS_SHOWN:].decode(errors="replace").strip()
        said = f"; it wrote last:\n{last}" if last else ""
        return job.failed(STOPPED.mark(f"the process that converted it {process_groups.ending(code)}{said}"))

    def _expire(self) -> None:
        self._late = True
        self._kill()

    def _kill(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process_groups.kill(process)

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        for pipe in (process.stdin, process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        self._process = None
        return process.wait()


class Slots:
    """As many child processes as jobs are run at a time."""

    def __init__(
        self,
        module: str,
        *,
        timeout: float | None = None,
        threads: int = 1,
        keep: Iterable[int] = (),
        steps: Steps = lambda number, name, text: None,
    ) -> None:
        self._module, self._timeout, self._threads, self._keep, self._steps = (
            module,
            timeout,
            threads,
            tuple(keep),
            steps,
        )
        self._lock = threading.Lock()
        self._all: list[Slot] = []
        self._idle: list[Slot] = []
        self._stopped = False

    def run(self, job: Job) -> Result:
        """Have a job done by an idle process, or by a new one. From several threads at once."""
        with self._lock:
            if self._stopped:
                return job.failed(STOPPED.mark("interrupted"))
            slot = self._idle.pop() if self._idle else self._new()
        try:
            return slot.run(job, self._steps)
        finally:
            self._steps(slot.number, "", "")
            with self._lock:
                self._idle.append(slot)

    def stop(self) -> None:
        """End all processes, whatever they are at; no further job is begun."""
        with self._lock:
            self._stopped = True
            for slot in self._all:
                slot.stop()

    def close(self) -> None:
        """Let go of all processes, when no thread waits for one any more."""
        self.stop()
        for slot in self._all:
            slot.close()

    def _new(self) -> Slot:
        slot = Slot(len(self._all), self._module, timeout=self._timeout, threads=self._threads, keep=self._keep)
        self._all.append(slot)
        return slot
