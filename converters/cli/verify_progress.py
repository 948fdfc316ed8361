"""The bar of `convert verify`: which layer is at work, in which program."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from caffe_ir.visible import visible
from converters.cli.say import console

Steps = Callable[[str, str, int, int], None]


@contextmanager
def steps(*, quiet: bool = False) -> Iterator[Steps]:
    """Gives a function to call with what is running, at which layer, its number and how many there are.

    A bar appears on a terminal, and is gone at the end.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda trial, value, number, count: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    doing, layer = (TextColumn(f"{{task.{what}}}", markup=False) for what in ("description", "fields[layer]"))
    columns = (doing, BarColumn(), MofNCompleteColumn(), layer)
    bar = Progress(*columns, console=console(err=True), transient=True)
    task = bar.add_task("reading", total=None, layer="")

    def advance(trial: str, value: str, number: int, count: int) -> None:
        bar.update(task, description=visible(trial), completed=number, total=count, layer=visible(value))

    with bar:
        yield advance
