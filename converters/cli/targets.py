"""`convert targets [NAME]`: the engines that nets can be written for, and what each of them holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from converters.cli.command import Command
from converters.cli.options import Choice
from converters.cli.say import say
from converters.options.caffe import TARGETS as NAMES

if TYPE_CHECKING:
    from caffe_ir.targets import Target

_EFFECTS = {"refused": "refused", "wrong": "WRONG", "other form": "other form", "slow": "slow"}


@click.command(cls=Command, examples=("convert targets", "convert targets mnn", "convert targets --json"))
@click.argument("names", nargs=-1, type=Choice(NAMES), metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def targets(names: tuple[str, ...], as_json: bool) -> None:
    """List the engines and chips that --target knows; with NAME, the layers that this one computes.

    Each limit says what happens beyond it: `refused`, an error; `WRONG`, another result without a message; `slow`. And
    how it is known: run by us, read in the importer's source code, or from a document.
    """
    from caffe_ir.targets import TARGETS

    chosen = [TARGETS[name] for name in names or NAMES]
    if as_json:
        _print_json(chosen)
    elif names:
        for place, target in enumerate(chosen):
            if place:
                say("")
            _print_target(target)
    else:
        _print_list(chosen)


def _print_json(chosen: Iterable[Target]) -> None:
    import json

    from caffe_ir.targets.description import described

    say(json.dumps([described(target) for target in chosen], indent=1, ensure_ascii=False), lines=True)


def _print_list(chosen: Iterable[Target]) -> None:
    from caffe_ir.targets.description import EVIDENCE

    rows = [("target", "layers", "limits", "known", "")]
    for target in chosen:
        limits = sum(map(len, (*target.layers.values(), target.every)))
        rows.append((target.name, str(len(target.layers)), str(limits), EVIDENCE[target.evidence], target.title))
    print_rows(rows)


def _print_target(target: Target) -> None:
    from caffe_ir.targets.description import EVIDENCE, described

    found = described(target)
    say(f"{target.name}: {target.title}")
    say(f"  known     {EVIDENCE[target.evidence]}{': ' * bool(target.source)}{target.source}")
    if target.engine:
        say(f"  verify    convert verify --engine {target.engine}")
    say(f"  computes  {', '.join(name for name, limits in found['layers'].items() if not limits)}")
    _print_cases("  within limits; beyond them:", found["layers"], target)
    _print_cases("  whole nets, and how files are written:", {"": found["net"]}, target)
    _print_cases("  weights that are not as Caffe writes them:", {"": found["weights"]}, target)
    if found["lacks"]:
        say(f"  lacks     {', '.join(found['lacks'])}")


def _print_cases(heading: str, cases: Mapping[str, Iterable[dict[str, str]]], target: Target) -> None:
    rows = [
        (f"    {name}" if name else "  ", _EFFECTS[one["effect"]], one["limit"], _source(one, target))
        for name, several in cases.items()
        for one in several
    ]
    if rows:
        say(heading)
        print_rows(rows)


def _source(limit: dict[str, str], target: Target) -> str:
    other = limit["evidence"] if limit["evidence"] != target.evidence else ""
    return ": ".join(part for part in (other, limit["source"]) if part)


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
