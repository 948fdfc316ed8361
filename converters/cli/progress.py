"""What is shown of work that takes longer than a second, and nothing at all of what does not."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from caffe_ir.visible import visible
from converters.cli.say import console, plain

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE = 1.0


@contextmanager
def bytes_written(label: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with the bytes that were written and those of the whole.

    A bar appears, on a terminal, after a second.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda count, total: None
        return
    begin, done = monotonic(), 0
    bar: Progress | None = None

    def advance(count: int, total: int) -> None:
        nonlocal bar, done
        done += count
        if bar is None and monotonic() - begin > _PATIENCE:
            bar = _bar(label, total)
            bar.start()
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()


def _bar(label: str, total: int) -> Progress:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bar = Progress(*columns, console=console(err=True), transient=True)
    bar.add_task(visible(label), total=total)
    return bar


class Counted:
    """How many things are done; while something is printed, the bar is not there."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar

    def done(self) -> None:
        """One more is."""
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What the block prints stands above the bar."""
        if self._bar is not None:
            self._bar.stop()
        yield
        if self._bar is not None:
            self._bar.start()


@contextmanager
def counted(label: str, total: int, *, quiet: bool = False) -> Iterator[Counted]:
    """Gives what is called when one more of so many things is done; a bar on a terminal shows it.

    The bar leaves standard output alone: that may be a file, and rich would print to where the bar is.
    """
    if quiet or total < 2 or not sys.stderr.isatty():
        yield Counted(None)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    terminal = console(err=True)
    with Progress(*columns, console=terminal, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        bar.add_task(visible(label), total=total)
        yield Counted(bar)


@contextmanager
def working(label: str, *, quiet: bool = False) -> Iterator[None]:
    """Says, on a terminal and after a second, what is going on, until the block ends."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(label, sys.stderr, done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(label: str, stream: TextIO, done: threading.Event) -> None:
    """Leaves sys.stdout and sys.stderr alone, which the thread that works may be about to exchange."""
    if done.wait(_PATIENCE):
        return
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner

    spinner, terminal = Spinner("dots", plain(label)), Console(file=stream)
    with Live(spinner, console=terminal, transient=True, redirect_stdout=False, redirect_stderr=False):
        done.wait()
