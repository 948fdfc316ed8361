"""A worker for tests whose jobs do what their option `do` says: succeed, or end in one of the ways that jobs end."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from caffe_ir.files.header import Origins, with_header
from converters.batch.job import Job
from converters.batch.work import Made, Tell, Trade, done
from converters.batch.worker import serve


def main() -> None:
    serve(lambda job, tell: done(job, Trade(convert=_convert), tell))


def _convert(job: Job, stage: Path, tell: Tell) -> Made:
    tell("converting")
    ways = {
        "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
        "exit": lambda: os._exit(7),
        "says why": lambda: (os.write(2, b"last words\n"), os._exit(3)),
        "memory": _no_memory,
        "raise": lambda: 1 // 0,
        "sys.exit": lambda: sys.exit("bye"),
        "sleep": lambda: time.sleep(600),
        "nap": lambda: time.sleep(float(job.options.get("seconds", 0.2))),
        "print": lambda: os.write(1, b'{"result": null}\n'),
        "read": sys.stdin.read,
        "large": lambda: len(bytearray(200_000_000)),
        "pid": lambda: None,
    }
    ways[job.options["do"]]()
    stage.with_name(stage.name + ".caffemodel").write_text(f"weights of {job.name}")
    text = with_header(f"layers of {job.name}", Origins(), "caffe", {".caffemodel": 11 + len(job.name)})
    stage.with_name(stage.name + ".prototxt").write_text(text)
    return Made(layers=os.getpid())


def _no_memory() -> None:
    raise MemoryError


if __name__ == "__main__":
    main()
