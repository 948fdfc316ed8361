from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from converters.batch import pool
from tests.converters.batch.jobs import WORKER, odd_job


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_jobs_are_done_in_as_many_processes_as_asked_for(tmp_path: Path) -> None:
    with pool.local(WORKER, 2) as made:
        futures = [made.submit(odd_job(tmp_path, "nap", name=str(number))) for number in range(8)]
        pids = {future.result().layers for future in futures}
    assert len(pids) == 2
    assert not any(map(alive, pids))


def test_one_that_dies_does_not_hold_up_the_others(tmp_path: Path) -> None:
    with pool.local(WORKER, 2) as made:
        ways = ["killed", "pid", "exit", "pid", "memory", "pid", "crash", "pid"]
        futures = [made.submit(odd_job(tmp_path, way, name=f"{number}")) for number, way in enumerate(ways)]
        states = [future.result().state for future in futures]
    assert states == ["failed", "converted"] * 4


def test_an_interruption_ends_the_processes_at_once(tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt), pool.local(WORKER, 2) as made:  # noqa: PT012
        pid = made.submit(odd_job(tmp_path)).result().layers
        futures = [made.submit(odd_job(tmp_path, "sleep", name=str(number))) for number in range(6)]
        time.sleep(0.3)
        raise KeyboardInterrupt
    assert time.monotonic() - begin < 15
    assert not alive(pid)
    assert all(future.cancelled() or future.result().state == "failed" for future in futures)
