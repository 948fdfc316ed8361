"""The outcome of a comparison in the terminal: verdict, what is at fault, each program's figures, the worst layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from converters.cli.say import console, plain, say

if TYPE_CHECKING:
    from rich.table import Table

    from converters.verify import Comparison, Trial
    from converters.verify.comparison import Row

_WORST_SHOWN = 8
_VERDICTS = {"agrees": "AGREES", "differs": "DIFFERS", "not compared": "NOT COMPARED"}


def show_comparison(comparison: Comparison, remarks: Sequence[str] = (), *, verbose: bool = False) -> None:
    """Print everything to standard output; `verbose` lists all layers in the order of the net, not the worst first."""
    out = console()
    out.print(plain(verdict_line(comparison), style="bold"), soft_wrap=True)
    for line in (*fault_lines(comparison), *(f"note: {each}" for each in remarks)):
        out.print(plain(line), soft_wrap=True)
    out.print(_trials(comparison.trials))
    if any(trial.rows for trial in comparison.trials):
        out.print(_layers(comparison, verbose=verbose))


def verdict_line(comparison: Comparison) -> str:
    """One line: the verdict and how many values it rests on."""
    verdict, count = _VERDICTS[comparison.verdict], len(comparison.values)
    return f"{verdict}: {comparison.caffe} with {comparison.source}, {count} values compared"


def fault_lines(comparison: Comparison) -> Iterator[str]:
    """What is at fault, the first layer first; then what engines make of a net that is right."""
    for number, fault in enumerate(comparison.faults):
        yield f"{'first at fault' if number == 0 else 'and'}: {fault}"
    for warning in comparison.warnings:
        yield f"warning: {warning}"
    if comparison.refused:
        yield f"the files are no net that Caffe would run: {comparison.refused}"
    for value in comparison.missing:
        yield f"the Caffe net holds no value for {value}, and nothing that was compared depends on it"
    for trial in comparison.trials:
        if trial.stopped and trial.asked:
            yield f"{trial.heading}: {trial.stopped}"
        if trial.blank and trial.asked:
            yield f"{trial.heading}: {_blank(comparison, trial)}"
        for fault in trial.faults:
            yield f"{trial.name}: {fault}"


def _blank(comparison: Comparison, trial: Trial) -> str:
    """Where nothing was compared, and how many such values there are."""
    first, *others = (seen.value for seen in trial.blank)
    place = comparison.sides[first].source_place if first in comparison.sides else ""
    more = f" and {len(others)} more" if others else ""
    text = "nothing but NaN and infinity, on both sides alike: there nothing was compared"
    return f"{first}{more}: {text}{f' ({place})' if place else ''}"


def _trials(trials: Iterable[Trial]) -> Table:

    table = _table("trial", "verdict", "worst", "at", "by")
    for trial in trials:
        worst = trial.worst
        figures = (figure(worst.relative), worst.value) if worst else ("", "")
        table.add_row(*map(plain, (trial.heading, trial.verdict, *figures, trial.stopped or trial.title)))
    table.columns[-1].no_wrap, table.columns[-1].overflow = False, "fold"
    return table


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for each in headings:
        table.add_column(each, no_wrap=True)
    return table


def _layers(comparison: Comparison, *, verbose: bool) -> Table:

    shown = [trial for trial in comparison.trials if trial.rows]
    table = _table("layer", "shape", *(trial.heading for trial in shown), "largest", "cosine", "place")
    by_value = [{row.value: row for row in trial.rows} for trial in shown]
    values = comparison.values
    order = values if verbose else comparison.worst_first[:_WORST_SHOWN]
    for value in order:
        table.add_row(*map(plain, _cells(value, [each.get(value) for each in by_value])))
    if len(order) < len(values):
        table.caption = f"the worst {len(order)} of {len(values)}; -v lists all"
        table.caption_justify = "left"
    return table


def _cells(value: str, rows: Sequence[Row | None]) -> Iterator[str]:
    first = max((row for row in rows if row is not None), key=lambda row: row.relative)
    shapes = "x".join(map(str, first.shape))
    if not first.same_size:
        shapes += f" / {'x'.join(map(str, first.other_shape))}"
    yield value
    yield shapes
    yield from (figure(row.relative) if row else "" for row in rows)
    yield f"{first.largest:.3g}"
    yield f"{first.cosine:.9f}"
    yield ",".join(map(str, first.place))


def figure(relative: float) -> str:
    """A relative error in as few characters as tell it."""
    return "0" if relative == 0 else f"{relative:.1e}"


def verdict_told(comparison: Comparison) -> None:
    """The verdict alone, for --quiet, and the first fault."""
    say(verdict_line(comparison))
    for line in list(fault_lines(comparison))[:1]:
        say(line, lines=True)
