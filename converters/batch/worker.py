"""The inside of a child process: jobs come in on standard input, a line each, and what came of them goes out."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from caffe_ir.error_kinds.general import OUT_OF_MEMORY
from converters.batch import peak_memory, process_groups
from converters.batch.job import Job, Result
from converters.batch.work import Tell

_STEPS_EVERY = 0.1
"""Seconds between two steps that are reported, so that reporting costs nothing."""


def serve(work: Callable[[Job, Tell], Result]) -> None:
    """Do jobs until there are no more, or until a job has used up the memory.

    The process ends, with all that it started, when the one that gives it jobs has gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders, answers = _own_pipes()
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders, waiting), daemon=True).start()
    folder = ""
    while True:
        job = Job.from_text(waiting.get())
        if str(job.folder) != folder:
            folder = str(job.folder)
            os.chdir(folder)
            sys.path.append(folder)
        peak_memory.forget()
        try:
            result = work(job, _teller(answers))
        except MemoryError:
            _answer(answers, {"result": job.failed(OUT_OF_MEMORY.mark("out of memory")).to_json(), "last": True})
            return
        told = {**result.to_json(), "peak_memory": peak_memory.peak()}
        _answer(answers, {"result": told, "last": False})


def _own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output, taken away from everybody else: what models print goes to standard error."""
    orders = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(2, 1)
    os.close(empty)
    return orders, answers


def _listen(orders: IO[bytes], waiting: queue.SimpleQueue[bytes]) -> None:
    for line in orders:
        waiting.put(line)
    process_groups.kill_own()


def _teller(answers: IO[bytes]) -> Tell:
    last = -_STEPS_EVERY

    def tell(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _STEPS_EVERY:
            last = time.monotonic()
            _answer(answers, {"step": text})

    return tell


def _answer(answers: IO[bytes], told: dict[str, Any]) -> None:
    answers.write(json.dumps(told).encode() + b"\n")
    answers.flush()
