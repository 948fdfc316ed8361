"""What the commands print: the one way to a terminal, on which no name out of a file can give orders to it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from caffe_ir.visible import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

WIDTH_OF_FILES = 160
"""Characters of a line that goes to no terminal."""


def say(text: str, *, err: bool = False, heading: str = "", lines: bool = False) -> None:
    """Print a line to standard output, or with `err` to standard error; what cannot be printed is spelled out.

    `heading` stands before it, in whatever style; `lines` says that ends of lines in the text are our own.
    """
    click.echo(heading + visible(text, keep="\n" if lines else ""), err=err)


def say_whole(text: str) -> None:
    """Print a text of many lines, which ends in one."""
    click.echo(visible(text, keep="\n"), nl=False)


def console(*, err: bool = False) -> Console:
    """Rich's way to a terminal, for tables and bars; they are given `plain` texts and no others."""
    from rich.console import Console

    terminal = (sys.stderr if err else sys.stdout).isatty()
    return Console(stderr=err, highlight=False, markup=False, width=None if terminal else WIDTH_OF_FILES)


def show_table(out: Console, table: Table, *, crop: bool = True) -> None:
    """Print a table to standard output; in files and pipes its lines end with their last character."""
    if out.is_terminal:
        out.print(table, crop=crop)
        return
    with out.capture() as held:
        out.print(table, crop=crop)
    say_whole("".join(f"{line.rstrip(' ')}\n" for line in held.get().splitlines()))


def plain(text: str, style: str = "") -> Text:
    """A text for rich that shows its characters, brackets that look like rich's own markup among them."""
    from rich.text import Text

    return Text(visible(text, keep="\n"), style=style)
