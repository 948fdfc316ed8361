"""A progress bar for what takes longer than a second, and nothing at all for what does not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 1.0


@contextmanager
def bytes_written(label: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Gives a function that is told how many bytes were written and how many there are in all.

    A bar appears, on a terminal, after a second.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda count, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(label), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(label)
    begin = time.monotonic()

    def advance(count: int, total: int) -> None:
        bar.update(task, advance=count, total=total)
        if not bar.live.is_started and time.monotonic() - begin > _PATIENCE:
            bar.start()

    try:
        yield advance
    finally:
        bar.stop()
