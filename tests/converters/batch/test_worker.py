"""The worker as a program: what goes in and what comes out of its pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.converters.batch.jobs import WORKER, odd_job

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", WORKER]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[bytes], text: str) -> tuple[list[str], dict[str, Any]]:
    """The steps and the result that come back for a job."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(text.encode() + b"\n")
    process.stdin.flush()
    steps: list[str] = []
    for line in process.stdout:
        told = json.loads(line)
        if "step" not in told:
            return steps, told
        steps.append(told["step"])
    raise AssertionError("no result came")


def test_jobs_are_done_one_after_the_other_in_one_process(tmp_path: Path) -> None:
    with worker() as process:
        steps, first = ask(process, odd_job(tmp_path).to_text())
        assert steps[:1] == ["reading"]
        assert first["result"]["state"] == "converted"
        assert first["result"]["layers"] == process.pid
        _, second = ask(process, odd_job(tmp_path, name="two").to_text())
        assert second["result"]["layers"] == process.pid
        assert (tmp_path / "out/two.prototxt").read_text().endswith("layers of two")


def test_what_a_model_prints_or_reads_does_not_meet_the_jobs(tmp_path: Path) -> None:
    with worker() as process:
        _, told = ask(process, odd_job(tmp_path, "print").to_text())
        assert told["result"]["state"] == "converted"
        _, told = ask(process, odd_job(tmp_path, "read").to_text())
        assert told["result"]["state"] == "converted"


def test_peak_memory_is_each_jobs_own(tmp_path: Path) -> None:
    with worker() as process:
        _, large = ask(process, odd_job(tmp_path, "large").to_text())
        _, small = ask(process, odd_job(tmp_path).to_text())
        assert large["result"]["peak_memory"] > 200_000_000 > small["result"]["peak_memory"] > 1_000_000


def test_a_memory_error_is_told_and_ends_the_worker(tmp_path: Path) -> None:
    with worker() as process:
        _, told = ask(process, odd_job(tmp_path, "memory").to_text())
        assert told["last"]
        assert told["result"]["problems"] == ["TC0005 out of memory"]
        process.wait(20)


def test_it_ends_when_the_one_that_gave_it_jobs_is_gone(tmp_path: Path) -> None:
    with worker() as process:
        ask(process, odd_job(tmp_path).to_text())
        assert process.stdin is not None
        process.stdin.write(odd_job(tmp_path, "sleep").to_text().encode() + b"\n")
        process.stdin.close()
        assert process.wait(20) != 0
