"""The outcome of a comparison in the terminal: verdict, what is at fault, each program's figures, the worst layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from converters.cli.say import console, plain, say, show_table
from converters.cli.verify_tables import fitted, has_room, layers, needed, programs, table_of, titles

if TYPE_CHECKING:
    from rich.console import Console

    from converters.cli.verify_tables import Column
    from converters.verify import Comparison, Trial
    from converters.verify.blame import Fault

_FAULTS_SHOWN = 8
_NAMES_SHOWN = 4
_VERDICTS = {"agrees": "AGREES", "differs": "DIFFERS", "not compared": "NOT COMPARED"}


def show_comparison(comparison: Comparison, remarks: Sequence[str] = (), *, verbose: bool = False) -> None:
    """Print everything to standard output; `verbose` lists all layers in the order of the net, not the worst first."""
    out = console()
    out.print(plain(verdict_line(comparison), style="bold"), soft_wrap=True)
    for line in (*lines_of(comparison, verbose=verbose), *(f"note: {each}" for each in remarks)):
        out.print(plain(line), soft_wrap=True)
    _show_programs(out, comparison.trials)
    if comparison.values:
        columns, left_out = layers(comparison, verbose=verbose)
        _show(out, columns)
        if left_out:
            out.print(plain(left_out), soft_wrap=True)


def _show_programs(out: Console, trials: Sequence[Trial]) -> None:
    from converters.verify.trial import legend

    if not trials:
        return
    columns, last = programs(trials), titles(trials)
    beside = has_room(columns, out.width)
    _show(out, [*columns, last] if beside else columns)
    under = [] if beside else [f"{trial.heading}: {text}" for trial, text in zip(trials, last.cells, strict=True)]
    for line in (*under, *legend(trials)):
        out.print(plain(line), soft_wrap=True)


def _show(out: Console, columns: Sequence[Column]) -> None:
    """Print a table; where even its fewest columns have no room, the terminal breaks its lines and cuts nothing."""
    shown, width = fitted(columns, out.width), out.width
    out.width = max(width, needed(shown))
    show_table(out, table_of(shown), crop=False)
    out.width = width


def verdict_line(comparison: Comparison) -> str:
    """One line: the verdict and how many layers it rests on."""
    verdict, count = _VERDICTS[comparison.verdict], len(comparison.values)
    return f"{verdict}: {comparison.caffe} with {comparison.source}, {count} layer{'s' * (count != 1)} compared"


def lines_of(comparison: Comparison, *, verbose: bool = False) -> Iterator[str]:
    """What is at fault, the first layer first; then what engines make of a net that is right."""
    for number, line in enumerate(_listed(comparison.faults, verbose=verbose)):
        yield f"{'first at fault' if number == 0 else 'and'}: {line}"
    for line in _listed(comparison.warnings, verbose=verbose):
        yield f"warning: {line}"
    if comparison.refused:
        yield f"Caffe would not run these files: {comparison.refused}"
    for value in comparison.missing:
        yield f"the Caffe net holds no value for {value}, and nothing that was compared depends on it"
    for trial in comparison.trials:
        if trial.stopped and trial.asked:
            yield f"{trial.heading}: {trial.stopped}"
        if trial.blank and trial.asked:
            yield f"{trial.heading}: {_blank(comparison, trial)}"
        for fault in trial.faults:
            yield f"{trial.name}: {fault}"


def _listed(faults: Sequence[Fault], *, verbose: bool) -> Iterator[str]:
    """The faults of which the same is said in one line, and of many different ones the first."""
    from converters.verify.blame import alike

    groups = alike(faults)
    most = len(groups) if verbose else _FAULTS_SHOWN
    for first, *others in groups[:most]:
        yield str(first) + (f"; the same of {_names(others, verbose=verbose)}" if others else "")
    if len(groups) > most:
        yield f"{len(groups) - most} more; -v lists all"


def _names(faults: Sequence[Fault], *, verbose: bool) -> str:
    names = [fault.layer for fault in faults]
    if verbose or len(names) <= _NAMES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMES_SHOWN])} and {len(names) - _NAMES_SHOWN} more"


def _blank(comparison: Comparison, trial: Trial) -> str:
    """Where nothing was compared, and how many such values there are."""
    first, *others = (seen.value for seen in trial.blank)
    place = comparison.sides[first].source_place if first in comparison.sides else ""
    more = f" and {len(others)} more" if others else ""
    text = "only NaN and infinity, on both sides: nothing was compared there"
    return f"{first}{more}: {text}{f' ({place})' if place else ''}"


def verdict_reported(comparison: Comparison) -> None:
    """The verdict alone, for --quiet, and the first fault."""
    say(verdict_line(comparison))
    for line in list(lines_of(comparison))[:1]:
        say(line, lines=True)
