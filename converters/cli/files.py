"""From a net as its source means it to the files of its target: what every convert command ends with."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caffe_ir.file_names import PROTOTXT, stem_of_weights
from caffe_ir.near_misses import did_you_mean
from converters.cli.progress import bytes_written
from converters.cli.say import say_whole
from converters.options import CaffeOptions

if TYPE_CHECKING:
    from caffe_ir.caffemodel import Watch
    from caffe_ir.header import Origins
    from caffe_ir.net import Net
    from caffe_ir.targets import Target
    from caffe_ir.writer import Written


def check_wishes(output: str | None, dump_after: str | None) -> None:
    """What can be said before the work begins: whether there is such a pass, and a folder to write to.

    Raises BadParameter for the pass and ConversionError for the folder.
    """
    from caffe_ir.errors import ConversionError, Problem
    from caffe_ir.passes.pipeline import PIPELINE

    stages = ("source", *dict.fromkeys(one.name for one in PIPELINE))
    if dump_after is not None and dump_after not in stages:
        meant = did_you_mean(dump_after, stages)
        told = f"{dump_after!r} is no pass{'; ' * bool(meant)}{meant}\nThe passes: {', '.join(stages)}"
        raise click.BadParameter(told, param_hint="--dump-after")
    folder = stem_of(output, "net").parent
    if not folder.is_dir():
        problem = Problem(
            what=f"there is no folder {folder} to write to", hint=f"make it first: mkdir -p {shlex.quote(str(folder))}"
        )
        raise ConversionError(problem)
    if not os.access(folder, os.W_OK | os.X_OK):
        problem = Problem(
            what=f"the folder {folder} cannot be written to", why="its permissions forbid it, or its disk is read-only"
        )
        raise ConversionError(problem)


def stem_of(output: str | None, name: str) -> Path:
    """Where the files go, without their endings: as --output says, in the folder that it names, or here."""
    if output is None:
        return Path(name)
    path = Path(output)
    if output.endswith(os.sep) or path.is_dir():
        return path / name
    return Path(stem_of_weights(output) or output.removesuffix(PROTOTXT) or output)


def lowered(net: Net, caffe: CaffeOptions, *, dump_after: str | None = None) -> Net:
    """The net rewritten for its target; `dump_after` prints it as it stands after that pass."""
    from caffe_ir.passes.base import Options
    from caffe_ir.passes.pipeline import lower
    from caffe_ir.targets import TARGETS

    if dump_after == "source":
        say_whole(net.dump())

    def dump(stage: str, seen: Net) -> None:
        if stage == dump_after:
            say_whole(seen.dump())

    options = Options(head=caffe.head, fold_batch_norm=caffe.fold_bn)
    return lower(net, TARGETS[caffe.target], options, after=dump)


def published(
    net: Net,
    stem: Path,
    target: Target,
    others: Mapping[str, str],
    origins: Origins,
    *,
    hdf5: bool,
    quiet: bool,
    watch: Watch | None = None,
) -> Written:
    """Write the files, with a bar where it takes a while."""
    from caffe_ir.writer import write

    with bytes_written(f"writing {stem.name}", quiet=quiet) as progress:
        return write(net, stem, target, hdf5=hdf5, others=others, origins=origins, progress=progress, watch=watch)
