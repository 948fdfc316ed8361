"""From a net as its source means it to the files of its target: what every convert command ends with."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caffe_ir.error_kinds.files import SAME_FILE
from caffe_ir.files.file_names import BINARY, HDF5, PROTOTXT, stem_of_weights
from caffe_ir.near_misses import did_you_mean
from converters.cli.progress import bytes_written
from converters.cli.say import say_whole
from converters.options import CaffeOptions, OutputOptions

if TYPE_CHECKING:
    from caffe_ir.files.caffemodel import Watch
    from caffe_ir.files.header import Origins
    from caffe_ir.files.writer import Written
    from caffe_ir.net import Net
    from caffe_ir.passes.base import Options
    from caffe_ir.targets import Target

    Rewrite = Callable[[Net, Target, Options, Callable[[str, Net], None]], Net]


def checked_stem(output: str | None, name: str, wanted: OutputOptions, inputs: Iterable[str | Path]) -> Path:
    """Where the files go, as `stem_of` says, and what can be said before the work begins.

    Raises BadParameter where there is no such pass to dump, and ConversionError where no file can be written, or would
    replace one of `inputs` or one that is not ours.
    """
    from caffe_ir.files.replaceable import check_set

    _check_pass(wanted.dump_after)
    stem = stem_of(output, name)
    read = list(map(Path, inputs))
    check_stem(stem, output, read)
    check_set(stem, (PROTOTXT, HDF5 if wanted.hdf5 else BINARY), inputs=read, force=wanted.force)
    return stem


def _check_pass(dump_after: str | None) -> None:
    from caffe_ir.passes.pipeline import PIPELINE

    stages = ("source", *dict.fromkeys(one.name for one in PIPELINE))
    if dump_after is not None and dump_after not in stages:
        meant = did_you_mean(dump_after, stages)
        message = f"{dump_after!r} is not a pass{'; ' * bool(meant)}{meant}\nThe passes: {', '.join(stages)}"
        raise click.BadParameter(message, param_hint="--dump-after")


def check_stem(stem: Path, output: str | None, inputs: Iterable[Path]) -> None:
    """Raise ConversionError where --output is a file that is read, or where its folder cannot be written to."""
    from caffe_ir.errors import ConversionError, Problem
    from caffe_ir.files.writable import check_folder

    same = [path for path in inputs if path.exists() and stem.exists() and path.samefile(stem)]
    if same and output == str(stem):
        hint = f"give it without its ending: -o {shlex.quote(str(stem.with_suffix('')))}"
        raise ConversionError(Problem(kind=SAME_FILE, what=f"-o names {same[0]}, which is read", hint=hint))
    check_folder(stem.parent)


def stem_of(output: str | None, name: str) -> Path:
    """Where the files go, without their endings: as --output says, in the folder that it names, or here.

    Raises BadParameter where --output is empty.
    """
    if output is None:
        return Path(name)
    if not output:
        raise click.BadParameter("a name is needed, or a folder", param_hint="--output")
    path = Path(output)
    if output.endswith(os.sep) or path.is_dir():
        return path / name
    return Path(stem_of_weights(output) or output.removesuffix(PROTOTXT) or output)


def lowered(net: Net, caffe: CaffeOptions, *, dump_after: str | None = None, rewrite: Rewrite | None = None) -> Net:
    """The net rewritten for its target; `dump_after` prints it as it stands after that pass.

    `rewrite` does it in the place of `caffe_ir.passes.pipeline.lower`.
    """
    from caffe_ir.passes.base import Options
    from caffe_ir.passes.pipeline import lower
    from caffe_ir.targets import TARGETS

    if dump_after == "source":
        say_whole(net.dump())

    def dump(stage: str, seen: Net) -> None:
        if stage == dump_after:
            say_whole(seen.dump())

    options = Options(head=caffe.head, fold_batch_norm=caffe.fold_bn, input_is=caffe.input_is)
    return (rewrite or lower)(net, TARGETS[caffe.target], options, dump)


def for_tools(net: Net, name: str, target: str, others: Mapping[str, str], wanted: OutputOptions) -> Mapping[str, str]:
    """The side files that are wanted of a net whose files are called `name`, by their endings.

    Raises ConversionError where a tool's file cannot say exactly what the net needs.
    """
    if not wanted.side_files:
        return {}
    from converters.side_files import side_files_of

    return side_files_of(net, wanted.side_files, name, target, others, hdf5=wanted.hdf5)


def published(
    net: Net,
    stem: Path,
    target: Target,
    others: Mapping[str, str],
    origins: Origins,
    *,
    wanted: OutputOptions,
    watch: Watch | None = None,
) -> Written:
    """Write the files, and those for the tools that are wanted, with a bar where it takes a while.

    Raises ConversionError where one cannot be made or written.
    """
    from caffe_ir.files.writer import write

    others = {**others, **for_tools(net, stem.name, target.name, others, wanted)}

    with bytes_written(f"writing {stem.name}", quiet=wanted.quiet) as progress:
        return write(
            net, stem, target, hdf5=wanted.hdf5, others=others, origins=origins, force=wanted.force,
            durable=wanted.durable, progress=progress, watch=watch,
        )  # fmt: skip
