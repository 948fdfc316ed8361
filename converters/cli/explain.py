"""`convert explain CODE...`: what an error code means and what to do, as the documents have it."""

from __future__ import annotations

import click

from converters.cli.command import Command
from converters.cli.say import say

WIDTH = 79
"""Characters of a line."""


def _full(code: str) -> str:
    """A code as messages have it: TC0211, of which tc0211, 0211 and 211 say the same."""
    number = code.upper().removeprefix("TC")
    return f"TC{number.zfill(4)}" if number.isdecimal() else code.upper()


@click.command(cls=Command, examples=("convert explain TC0211", "convert explain"))
@click.argument("codes", nargs=-1, metavar="[CODE]...")
def explain(codes: tuple[str, ...]) -> None:
    """Explain the error codes that messages begin with; without a CODE list all of them.

    The number alone will do: 211 is TC0211.
    """
    from caffe_ir.error_kinds.catalogue import FAMILIES, KINDS, kinds_of

    unknown = [code for code in codes if _full(code) not in KINDS]
    if unknown:
        raise click.UsageError(f"{', '.join(unknown)}: no such code; `convert explain` lists all")
    if not codes:
        for title, family in FAMILIES:
            say(title)
            for kind in kinds_of(family):
                say(f"  {kind.code}  {kind.title}")
    for place, code in enumerate(codes):
        kind = KINDS[_full(code)]
        said = "\n".join(f"    {line}" for line in kind.mark(kind.example).split("\n"))
        why, remedy = (click.wrap_text(part, WIDTH) for part in (kind.why, f"What to do: {kind.remedy}"))
        text = f"{kind.code}: {kind.title}\n\n{why}\n\n{remedy}\n\nFor example:\n{said}\n"
        say(("\n" if place else "") + text, lines=True)
