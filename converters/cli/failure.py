"""How the command line fails: every reason at once, on standard error, and the exit code that the manual promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from converters.cli.say import say

if TYPE_CHECKING:
    from caffe_ir.errors import Problem

CANNOT_CONVERT, WRONG_USAGE = 1, 2


@contextmanager
def failures_reported(
    source: object, *, what: str = "cannot be converted", code: int = CANNOT_CONVERT
) -> Iterator[None]:
    """Turn ConversionError into the list of its problems. Raises click's Exit with the code."""
    from caffe_ir.errors import ConversionError, Problem
    from caffe_ir.extras import NotInstalledError

    try:
        yield
    except NotInstalledError as error:
        say("\n".join(problem.with_code() for problem in error.problems), err=True, lines=True)
        raise click.exceptions.Exit(WRONG_USAGE) from error
    except ConversionError as error:
        count = len(error.problems)
        say(f"{source} {what}: {count} problem{'s' if count > 1 else ''}", err=True)
        for text in texts_of(error.problems):
            say(f"  {text}", err=True, lines=True)
        if codes := dict.fromkeys(problem.kind.code for problem in error.problems if problem.kind):
            say(f"More about {'it' if len(codes) == 1 else 'them'}: convert explain {' '.join(codes)}", err=True)
        if error.notes:
            say("Warnings that may explain this:", err=True)
        for text in texts_of(Problem(what=note.text, origin=note.origin) for note in error.notes):
            say(f"  {text}", err=True, lines=True)
        raise click.exceptions.Exit(code) from error


def texts_of(problems: Iterable[Problem]) -> list[str]:
    """One text for each problem; those that differ by their place alone share one, which names all the places."""
    groups: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.what, problem.why, problem.hint), []).append(problem)
    return [_text(first, others) for first, *others in groups.values()]


def _text(first: Problem, others: Sequence[Problem]) -> str:
    """The problem as it is printed alone, with the further places between what is wrong and what helps."""
    if not others:
        return first.with_code()
    head, arrow, hint = first.with_code().partition("\n    -> ")
    return f"{head}\n    and {len(others)} more{_places(first, others)}{arrow}{hint}"


def _places(first: Problem, others: Sequence[Problem]) -> str:
    """Where the others stand: lines of the same file by their numbers alone, and each place once."""
    file = first.origin.file if first.origin else ""
    own = first.origin.line if first.origin else None
    origins = [problem.origin for problem in others if problem.origin]
    lines = {origin.line for origin in origins if origin.file == file and origin.line not in (None, own)}
    elsewhere = dict.fromkeys(str(origin) for origin in origins if origin.file != file or origin.line is None)
    counted = ", ".join(map(str, dict.fromkeys(origin.line for origin in origins if origin.line in lines)))
    numbers = f"line{'s' if len(lines) > 1 else ''} {counted}" if lines else ""
    reported_places = "; ".join(part for part in (numbers, ", ".join(elsewhere)) if part)
    return f": {reported_places}" if reported_places else " in the same place"
