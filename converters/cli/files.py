"""From a net as its source means it to the files of its target: what every convert command ends with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from converters.cli.progress import bytes_written

if TYPE_CHECKING:
    from caffe_ir.net import Net
    from caffe_ir.passes.base import Options
    from caffe_ir.targets import Target
    from caffe_ir.writer import Written


def lowered(net: Net, target: Target, options: Options, *, dump_after: str | None) -> Net:
    """The net rewritten for its target; `dump_after` prints it as it stands after that pass."""
    from caffe_ir.passes.pipeline import PIPELINE, lower

    stages = ("source", *dict.fromkeys(one.name for one in PIPELINE))
    if dump_after is not None and dump_after not in stages:
        raise click.BadParameter(f"{dump_after!r} is none of: {', '.join(stages)}", param_hint="--dump-after")
    if dump_after == "source":
        click.echo(net.dump(), nl=False)

    def dump(stage: str, seen: Net) -> None:
        if stage == dump_after:
            click.echo(seen.dump(), nl=False)

    return lower(net, target, options, after=dump)


def published(net: Net, stem: Path, target: Target, others: Mapping[str, str], *, quiet: bool) -> Written:
    """Write the files, with a bar where it takes a while."""
    from caffe_ir.writer import write

    with bytes_written(f"writing {stem.name}", quiet=quiet) as progress:
        return write(net, stem, target, others=others, progress=progress)
