from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from converters.batch.job import Result
from converters.batch.slots import Slots
from tests.converters.batch.jobs import WORKER, odd_job


@pytest.fixture
def slots() -> Iterator[Slots]:
    made = Slots(WORKER)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("killed", "the process that converted it was killed by SIGKILL: out of memory?"),
        ("crash", "was killed by SIGSEGV"),
        ("exit", "ended by itself with status 7"),
        ("says why", "ended by itself with status 3; it wrote last:\nlast words"),
        ("memory", "out of memory"),
        ("raise", "ZeroDivisionError"),
        ("sys.exit", "SystemExit"),
    ],
)
def test_what_ends_a_job_ends_it_alone(slots: Slots, tmp_path: Path, way: str, told: str) -> None:
    result = slots.run(odd_job(tmp_path, way, name="bad"))
    assert result.state == "failed"
    assert told in result.problems[0]
    assert slots.run(odd_job(tmp_path, name="good")).state == "converted"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["good.caffemodel", "good.prototxt"]


def test_one_process_does_all_jobs_of_one_thread(slots: Slots, tmp_path: Path) -> None:
    pids = {slots.run(odd_job(tmp_path, name=str(number))).layers for number in range(5)}
    assert len(pids) == 1


def test_a_job_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    slots = Slots(WORKER, timeout=4)
    try:
        begin = time.monotonic()
        assert slots.run(odd_job(tmp_path, "sleep")).problems == ("TC1106 stopped after 4 s (--timeout)",)
        assert time.monotonic() - begin < 10
        assert slots.run(odd_job(tmp_path)).state == "converted"
    finally:
        slots.close()


def test_a_time_out_that_comes_with_the_answer_harms_no_following_job(tmp_path: Path) -> None:
    slots = Slots(WORKER, timeout=0.5)
    try:
        slots.run(odd_job(tmp_path))
        for seconds in (0.49, 0.495, 0.498, 0.5, 0.505):
            slots.run(odd_job(tmp_path, "nap", seconds=seconds))
            following = slots.run(odd_job(tmp_path))
            assert following.state == "converted" or "--timeout" in following.problems[0], following
    finally:
        slots.close()


def test_a_process_that_was_killed_between_two_jobs_is_blamed_on_nobody(slots: Slots, tmp_path: Path) -> None:
    pid = slots.run(odd_job(tmp_path)).layers
    subprocess.run(["kill", "-9", str(pid)], check=True)
    time.sleep(0.2)
    assert slots.run(odd_job(tmp_path)).state == "converted"


def test_steps_are_told_with_the_process_and_the_model(tmp_path: Path) -> None:
    told: list[tuple[int, str, str]] = []
    slots = Slots(WORKER, steps=lambda *step: told.append(step))
    try:
        slots.run(odd_job(tmp_path, name="x"))
    finally:
        slots.close()
    assert told[0] == (0, "x", "reading")
    assert told[-1] == (0, "", "")


def test_close_ends_what_is_at_work(tmp_path: Path) -> None:
    slots = Slots(WORKER)
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(slots.run(odd_job(tmp_path, "sleep"))))
    thread.start()
    time.sleep(0.5)
    slots.stop()
    thread.join(20)
    slots.close()
    assert [result.state for result in results] == ["failed"]
    assert slots.run(odd_job(tmp_path)).problems == ("TC1106 interrupted",)
