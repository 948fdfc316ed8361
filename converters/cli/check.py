"""`convert check NET.prototxt`: which layers of a Caffe net a target refuses or gets wrong, and what helps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from converters.cli.command import Command, InputFile
from converters.cli.failure import WRONG_USAGE, failures_reported
from converters.cli.options import Choice
from converters.cli.say import say
from converters.cli.targets import print_rows
from converters.options.caffe import TARGETS as NAMES

if TYPE_CHECKING:
    from caffe_ir.targets import Target
    from converters.caffe import Shortfall

FALLS_SHORT = 1
_NO_FORM = "no other exact form of it is known"


@click.command(
    cls=Command,
    examples=(
        "convert check deploy.prototxt",
        "convert check deploy.prototxt deploy.caffemodel --target mnn --target opencv",
    ),
)
@click.argument("prototxt", type=InputFile(".prototxt"))
@click.argument("caffemodel", type=InputFile(), required=False)
@click.option(
    "--target", "names", type=Choice(NAMES), multiple=True, metavar="NAME",
    help="Engine to check for; once for each.  [default: a table of all]",
)  # fmt: skip
@click.option(
    "--input", "shapes", multiple=True, metavar="NAME=SHAPE",
    help="Shape of an input that has none in the file, as data=1x3x224x224.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print every such layer as JSON.")
def check(
    prototxt: Path, caffemodel: Path | None, names: tuple[str, ...], shapes: tuple[str, ...], as_json: bool
) -> None:
    """List the layers of PROTOTXT that an engine refuses or computes wrongly, with the reason and how it is known.

    Needs no weights; with a CAFFEMODEL it also lists what the engine does not read in that file. The exit code is 1 if
    a target that was checked refuses a layer or gets it wrong, and 2 if a file cannot be read.
    """
    with failures_reported(prototxt, what="cannot be checked", code=WRONG_USAGE):
        from caffe_ir.targets import TARGETS
        from converters.caffe import check_file

        chosen = [TARGETS[name] for name in names or NAMES]
        found = check_file(prototxt, chosen, caffemodel, input=shapes)
    if as_json:
        _print_json(found)
    elif names:
        for target in chosen:
            _print_layers(prototxt, target, found[target.name])
    else:
        _print_table(prototxt, chosen, found)
    if any(one.verdict.is_fault for each in found.values() for one in each):
        raise click.exceptions.Exit(FALLS_SHORT)


def _print_layers(prototxt: Path, target: Target, found: Sequence[Shortfall]) -> None:
    from caffe_ir.targets.description import EVIDENCE

    counts = _counts(found)
    summed = ", ".join(f"{counts[effect]} {effect}" for effect in counts) or "every layer is computed rightly"
    say(f"{prototxt} for {target.name} ({target.title}): {summed}")
    for one in found:
        verdict = one.verdict
        say(f"  {one.origin}: {one.layer} is {_EFFECT[verdict.effect]}: {verdict.why}")
        say(f"      known: {EVIDENCE[verdict.evidence]}{': ' * bool(verdict.source)}{verdict.source}")
        say(f"      -> {_help(one)}")
    lost = any(one.verdict.is_fault and not one.rewrite for one in found)
    if lost and (command := _from_the_source(prototxt, target)):
        say(f"  The source may still have a form for it: {command}")
    if target.evidence == "document":
        say(f"  The limits of {target.title} are {EVIDENCE['document']}.")


def _from_the_source(prototxt: Path, target: Target) -> str:
    """The command that writes a file of ours for this target; empty for other files, and where the source is one."""
    from caffe_ir.files.header import read_header

    header = read_header(prototxt)
    options = header.options if header else {}
    if header is None or options.get("source") not in ("darknet", "pytorch") or options.get("target") == target.name:
        return ""
    return f"{re.sub(r' --target [^ ]+', '', header.command)} --target {target.name}"


_EFFECT = {
    "refused": "refused",
    "wrong": "computed WRONGLY, without a message",
    "other form": "given in another form",
    "slow": "slow",
}


def _help(one: Shortfall) -> str:
    if one.rewrite:
        return f"can be rewritten: {one.rewrite}"
    if one.verdict.effect == "other form":
        return "it stays as it is: your program must read it in that form"
    other = one.hindrance if one.hindrance != one.verdict.why else ""
    return f"cannot be rewritten: {other or _NO_FORM}"


def _print_table(prototxt: Path, chosen: Sequence[Target], found: Mapping[str, Sequence[Shortfall]]) -> None:
    from caffe_ir.targets.limits import EFFECTS

    rows: list[tuple[str, ...]] = [
        ("target", "result", "refused", "wrong", "other form", "slow", "can be rewritten", "known")
    ]
    for target in chosen:
        short = found[target.name]
        counts = _counts(short)
        result = next((effect for effect in ("refused", "wrong") if counts[effect]), "right")
        rewritten = sum(bool(one.rewrite) for one in short)
        rows.append(
            (
                target.name,
                "WRONG" if result == "wrong" else result,
                *(str(counts[effect] or "") for effect in EFFECTS),
                f"{rewritten} of {len(short)}" if short else "",
                _KNOWN[target.evidence] if target.listed else "no public list",
            )
        )
    print_rows(rows)
    if any(found.values()):
        say(f"convert check {prototxt} --target NAME lists the layers.")


_KNOWN = {"run": "run by us", "source": "read in its source", "document": "documents"}


def _counts(found: Sequence[Shortfall]) -> Counter[str]:
    return Counter(one.verdict.effect for one in found)


def _print_json(found: Mapping[str, Sequence[Shortfall]]) -> None:
    import json

    summed = {name: [_plain(one) for one in each] for name, each in found.items()}
    say(json.dumps(summed, indent=1, ensure_ascii=False), lines=True)


def _plain(one: Shortfall) -> dict[str, Any]:
    origin, verdict = one.origin, one.verdict
    return {
        "layer": one.layer,
        "type": one.type_name,
        "file": origin.file,
        "line": origin.line,
        "effect": verdict.effect,
        "why": verdict.why,
        "evidence": verdict.evidence,
        "source": verdict.source,
        "rewrite": one.rewrite or None,
        "hindrance": one.hindrance or None,
    }
