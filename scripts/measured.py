"""What a command costs as a whole process, by the operating system's own account: for the scripts/benchmark*."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""As a user has it: what was compiled in the first round is kept for the others."""


@dataclass(frozen=True)
class Cost:
    """One finished run: seconds of wall time and of user and system time, and its largest resident memory in MB."""

    wall: float
    cpu: float
    memory: float

    def __str__(self) -> str:
        return f"wall {self.wall:6.3f} s   cpu {self.cpu:6.3f} s   peak {self.memory:7.1f} MB"


def run(command: Sequence[str]) -> Cost:
    """The cost of one run; ends the program where the command fails."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=ENVIRONMENT)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def median(costs: Iterable[Cost]) -> Cost:
    """The median of each figure by itself."""
    return Cost(*(statistics.median(figures) for figures in zip(*map(astuple, costs), strict=True)))
