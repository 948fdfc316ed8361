"""What `convert verify` does between reading its command line and showing what it found."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caffe_ir.errors import ConversionError
from converters.cli.failure import failures_reported
from converters.cli.verify_opened import Asked, Opened, Pair
from converters.cli.verify_pictures import preparation_of
from converters.cli.verify_progress import steps
from converters.cli.verify_source import opened
from converters.options import VerifyOptions

if TYPE_CHECKING:
    from caffe_ir.files.writer import Written
    from converters.verify import Comparison, Engine
    from converters.verify.source import Feeds

AGREES, DIFFERS, NOT_COMPARED = 0, 1, 2
EXIT_CODES = {"agrees": AGREES, "differs": DIFFERS, "not compared": NOT_COMPARED}


def could_not(what: str) -> AbstractContextManager[None]:
    """Turn ConversionError into the list of its problems and exit 2: nothing was compared."""
    return failures_reported(what, what="cannot be compared", code=NOT_COMPARED)


def compared(found: Opened, pair: Pair, wanted: VerifyOptions, *, quiet: bool = False) -> Comparison:
    """Read the pair of files back and compare. Raises ConversionError where that cannot be."""
    from converters.verify import caffe_files, verify
    from converters.verify.readings import explained
    from converters.verify.unreadable import comparison_of_unreadable

    try:
        files = caffe_files(pair.prototxt, pair.caffemodel)
    except ConversionError as error:
        partly = comparison_of_unreadable(found.source, pair.prototxt, error)
        if partly is None:
            raise
        return partly
    feeds = given(wanted, found, pair)
    with steps(quiet=quiet) as progress:
        comparison = verify(
            found.source,
            files,
            feeds=feeds,
            engines=engines_wanted(wanted.engines, wanted.tool),
            asked=("embedded", *wanted.engines, "tool"),
            meaning=wanted.precision != "float32",
            rounding=wanted.precision != "float64",
            tolerance=wanted.tolerance,
            progress=progress,
        )
    return explained(comparison, found.source.expected, files.net, found.readings())


def given(wanted: VerifyOptions, found: Opened, pair: Pair) -> list[Feeds]:
    """The inputs of the net, one set for each run. Raises ConversionError."""
    from caffe_ir.inputs_read import inputs_read
    from converters.verify.inputs import from_file, noise
    from converters.verify.source import inputs_of

    net = found.source.expected
    shapes = inputs_of(net)
    if not wanted.inputs:
        return [noise(shapes, wanted.seed, found.source.whole)]
    preparation = preparation_of(found, pair, wanted)
    sizes = shapes.keys() - {node.top for node in inputs_read(net)}
    return [from_file(Path(name), shapes, preparation, sizes) for name in wanted.inputs]


def engines_wanted(names: Sequence[str], tool: str | None = None) -> list[Engine]:
    """The embedded engine, those asked for, and where none was asked for all that are installed.

    Raises BadParameter for one that is asked for and missing."""
    from converters.verify import ENGINES, tool_engine

    chosen = [engine for engine in ENGINES.values() if engine.name in names]
    if tool is not None:
        try:
            chosen.append(tool_engine(tool))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--tool") from None
    elif not names:
        chosen = [engine for engine in ENGINES.values() if not engine.missing()]
    embedded = ENGINES["embedded"]
    return [embedded, *(engine for engine in chosen if engine is not embedded)]


def verify_written(files: tuple[str, ...], written: Written, asked: Asked, *, quiet: bool) -> None:
    """What --verify does after a conversion: the source is opened anew, the files are read back, and both compared.

    Raises Exit with the verdict's code unless they agree.
    """
    from converters.cli.verify_shown import show_comparison, verdict_reported

    pair = Pair(prototxt=written.prototxt, caffemodel=written.caffemodel)
    with could_not(str(written.prototxt)):
        found = opened(files, pair, asked)
        comparison = compared(found, pair, VerifyOptions(), quiet=quiet)
    if quiet:
        verdict_reported(comparison)
    else:
        show_comparison(comparison, found.remarks)
    if comparison.verdict != "agrees":
        raise click.exceptions.Exit(EXIT_CODES[comparison.verdict])
