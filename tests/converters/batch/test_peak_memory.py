from __future__ import annotations

import sys

import psutil
import pytest

from converters.batch.peak_memory import forget, peak

LARGE = 200_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="the peak begins anew on Linux alone")
def test_the_peak_is_that_of_what_was_done_since() -> None:
    forget()
    before = peak()
    assert before == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    held = bytes(LARGE - 1) + b"1"
    assert peak() > before + 0.9 * LARGE
    del held
    forget()
    assert peak() < before + 0.5 * LARGE
