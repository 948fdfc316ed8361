"""A failing input made smaller: pieces are taken out as long as the same fault remains."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from tests.fuzz.format import Files

SECONDS = 30
"""That are spent on one input."""


def minimal(files: Files, fails: Callable[[Files], bool]) -> Files:
    """The smallest input found within SECONDS that still fails."""
    end = monotonic() + SECONDS
    for name in sorted(files, key=lambda one: -len(files[one])):
        files = _smaller(files, name, fails, end)
    return files


def _smaller(files: Files, name: str, fails: Callable[[Files], bool], end: float) -> Files:
    size = len(files[name]) // 2
    while size and monotonic() < end:
        place = 0
        while place < len(files[name]) and monotonic() < end:
            shorter = {**files, name: files[name][:place] + files[name][place + size :]}
            if fails(shorter):
                files = shorter
            else:
                place += size
        size //= 2
    return files
