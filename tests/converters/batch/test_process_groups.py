"""What a child starts ends with it; tests/end_to_end/test_windows.py has the same for Windows."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from converters.batch.process_groups import ending, kill, options

CHILD = "import subprocess, sys, time\nprint(subprocess.Popen(['sleep', '60']).pid, flush=True)\ntime.sleep(60)"


def test_a_child_is_ended_with_what_it_has_started() -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, **options(())) as process:
        assert process.stdout is not None
        below = int(process.stdout.readline())
        assert psutil.pid_exists(below)
        kill(process)
        assert process.wait(10) != 0
    end = time.monotonic() + 10
    while time.monotonic() < end and psutil.pid_exists(below) and psutil.Process(below).status() != "zombie":
        time.sleep(0.01)
    assert not psutil.pid_exists(below) or psutil.Process(below).status() == "zombie"
    kill(process)  # who has gone is gone


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (0, "ended by itself with status 0"),
        (7, "ended by itself with status 7"),
        (0xC0000005, "ended by itself with status 0xc0000005"),
        (-9, "was killed by SIGKILL: out of memory?"),
        (-11, "was killed by SIGSEGV"),
        (-200, "was killed by signal 200"),
    ],
)
def test_how_it_ended_is_said_in_words(code: int, told: str) -> None:
    assert ending(code) == told
