"""How the command line fails: every reason at once, on standard error, and the exit code that the manual promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from caffe_ir.errors import ConversionError

CANNOT_CONVERT = 1


@contextmanager
def failures_told(source: object) -> Iterator[None]:
    """Turn ConversionError into the list of its problems and exit 1."""
    try:
        yield
    except ConversionError as error:
        count = len(error.problems)
        click.echo(f"{source} cannot be converted: {count} problem{'s' if count > 1 else ''}", err=True)
        for problem in error.problems:
            click.echo(f"  {problem}", err=True)
        raise click.exceptions.Exit(CANNOT_CONVERT) from error
