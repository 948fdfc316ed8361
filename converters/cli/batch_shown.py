"""What a batch shows: a line a process and one in all, plain lines where nobody watches, and a table at the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from caffe_ir.visible import visible
from converters.batch.job import Result
from converters.batch.manifest import Unpaired
from converters.batch.outcome import Outcome
from converters.batch.slots import Steps
from converters.cli.say import console, plain, show_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

_ROWS = 60
"""So many models are listed one by one; of more, those that failed."""
_FAULTS = {"wrong": "WRONG in", "refused": "refused by"}
_STYLES = {"converted": "green", "unchanged": "dim", "failed": "bold red"}


class Shown(Struct, frozen=True, kw_only=True):
    """What a running batch is to call: `steps` by its processes, `seen` for each result."""

    steps: Steps
    seen: Callable[[Result], None]


@contextmanager
def shown(total: int, *, quiet: bool) -> Iterator[Shown]:
    """Show a batch of `total` jobs on standard error while the block runs; if `quiet`, those that fail alone."""
    out = console(err=True)
    if quiet:
        yield _quiet(out)
    elif not out.is_terminal:
        yield _plain(total, out)
    else:
        yield from _live(total, out)


def _quiet(out: Console) -> Shown:
    def seen(result: Result) -> None:
        if result.state == "failed":
            out.print(plain(line(result)), soft_wrap=True)

    return Shown(steps=lambda number, name, text: None, seen=seen)


def _plain(total: int, out: Console) -> Shown:
    done = 0

    def seen(result: Result) -> None:
        nonlocal done
        done += 1
        out.print(plain(f"[{done}/{total}] {line(result)}"), soft_wrap=True)

    return Shown(steps=lambda number, name, text: None, seen=seen)


def _live(total: int, out: Console) -> Iterator[Shown]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as bars:
        whole = bars.add_task("all", total=total)
        rows: dict[int, TaskID] = {}

        def steps(number: int, name: str, text: str) -> None:
            if number not in rows:
                rows[number] = bars.add_task("", total=None)
            told = f"{number + 1}  {visible(name)}  {visible(text)}" if name else f"{number + 1}"
            bars.update(rows[number], description=told)

        def seen(result: Result) -> None:
            bars.advance(whole)
            if result.state == "failed":
                out.print(plain(line(result), style=_STYLES["failed"]), soft_wrap=True)

        yield Shown(steps=steps, seen=seen)


def line(result: Result) -> str:
    """One result in one line, or in more where it failed."""
    head = f"{result.key}: {result.state}"
    if result.state == "failed":
        return "\n".join([head, *(f"  {problem}" for problem in result.problems)])
    return f"{head}, {result.layers} layers, {result.bytes:,} bytes" + _took(result)


def _engines(results: Sequence[Result]) -> str:
    """How many models each engine refuses or gets wrong, in one line; empty where all are right in all."""
    counts = Counter(
        (told["result"], name)
        for result in results
        for name, told in result.engines.items()
        if told["result"] in _FAULTS
    )
    parts = [_counted(effect, counts) for effect in _FAULTS if any(one == effect for one, _ in counts)]
    return f"models {'; '.join(parts)}; the summary says which layers, and why" if parts else ""


def _counted(effect: str, counts: Counter[tuple[str, str]]) -> str:
    """The engines that do the same to as many models together, those with the most models first."""
    engines = defaultdict[int, list[str]](list)
    for (one, name), count in sorted(counts.items()):
        if one == effect:
            engines[count].append(name)
    return f"{_FAULTS[effect]} " + "; ".join(f"{', '.join(engines[count])}: {count}" for count in sorted(engines)[::-1])


def _took(result: Result) -> str:
    return f", {result.seconds:.2f} s, {result.peak_memory / 1e6:.0f} MB" if result.state == "converted" else ""


def show_unpaired(unpaired: Sequence[Unpaired]) -> None:
    """List on standard error the files that no job takes."""
    out = console(err=True)
    for one in unpaired[:_ROWS]:
        out.print(plain(str(one)), soft_wrap=True)
    if len(unpaired) > _ROWS:
        out.print(f"and {len(unpaired) - _ROWS} more that are not paired: the summary lists them")


def show_outcome(outcome: Outcome) -> None:
    """Print the results as a table, how many there are of each state, and why those that failed did."""
    from rich.table import Table

    out, results = console(), outcome.results
    listed = results if len(results) <= _ROWS else [result for result in results if result.state == "failed"][:_ROWS]
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("model", "target", "state"):
        table.add_column(name)
    for name in ("seconds", "peak MB", "layers", "bytes", "verify"):
        table.add_column(name, justify="right")
    for result in listed:
        figures = (f"{result.seconds:.2f}", f"{result.peak_memory / 1e6:.0f}", f"{result.layers}", f"{result.bytes:,}")
        state = plain(result.state, style=_STYLES[result.state])
        verdict = str(result.verify["verdict"]) if result.verify else ""
        table.add_row(plain(result.name), plain(result.target), state, *figures, plain(verdict))
    if listed:
        show_table(out, table)
    out.print(outcome.headline())
    if told := _engines(results):
        out.print(plain(told), soft_wrap=True)
    if warnings := sum(len(result.warnings) for result in results):
        out.print(f"{warnings} warning{'s' if warnings > 1 else ''}, which the summary lists")
    for result in results:
        for problem in result.problems:
            out.print(plain(f"{result.key}: {problem}"), soft_wrap=True)
