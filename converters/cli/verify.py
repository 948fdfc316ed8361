"""`convert verify [SOURCE...] CAFFE`: is the Caffe net what its source is? Layer by layer, with the layer at fault."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from converters.cli.command import Command, command_line, refuse_missing
from converters.cli.options import FILE, takes, takes_given
from converters.cli.picture_input import OF_PICTURES
from converters.cli.verify_answers import pictures_shown
from converters.cli.verify_inputs import inputs_apart
from converters.cli.verify_opened import Asked
from converters.cli.verify_pictures import picture_remarks
from converters.cli.verify_reduced import check_reduce, reduce_and_say
from converters.cli.verify_shown import show_comparison, verdict_reported
from converters.cli.verify_source import opened, parted
from converters.cli.verify_target import target_remarks
from converters.cli.verify_work import EXIT_CODES, compared, could_not
from converters.options import CaffeOptions, DarknetOptions, PyTorchOptions, VerifyOptions


@click.command(
    cls=Command,
    examples=(
        "convert verify yolov3.cfg yolov3.weights deploy",
        "convert verify deploy --engine opencv",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="[SOURCE...] CAFFE")
@click.option("--report", type=FILE, metavar="FILE.html", help="Write a report with charts.")
@click.option("-q", "--quiet", is_flag=True, help="Print the verdict only.")
@click.option("-v", "--verbose", is_flag=True, help="Print every layer, in net order.")
@takes(wanted=VerifyOptions)
@takes_given(without=("input", *OF_PICTURES), darknet=DarknetOptions, pytorch=PyTorchOptions, caffe=CaffeOptions)
def verify(
    files: tuple[str, ...],
    report: Path | None,
    quiet: bool,
    verbose: bool,
    wanted: VerifyOptions,
    darknet: Mapping[str, Any],
    pytorch: Mapping[str, Any],
    caffe: Mapping[str, Any],
) -> None:
    """Compare a Caffe net with its source, layer by layer.

    SOURCE is what was converted: CFG WEIGHTS, a PyTorch model, or another Caffe net. It may be left out if the files of
    Darknet or Caffe are still beside the prototxt. CAFFE is STEM, STEM.prototxt, or PROTOTXT CAFFEMODEL. The exit code
    is 0 if they agree, 1 if they differ, and 2 if they could not be compared.
    """
    from caffe_ir.files.replaceable import check_file
    from caffe_ir.files.text_files import HTML
    from converters.verify.report import require_drawing, write_report

    with could_not(" ".join(files)):
        if report is not None:
            require_drawing()
        source, pair = parted(files)
        data, shapes = inputs_apart(wanted.inputs)
        wanted = replace(wanted, inputs=data)
        pytorch = {**pytorch, "input": shapes} if shapes else pytorch
        models = [Path(one) for one in source if ":" not in one]
        read_files = (*models, pair.prototxt, pair.caffemodel, *map(Path, data))
        refuse_missing(read_files)
        check_reduce(wanted, read_files)
        if report is not None:
            check_file(report, HTML, inputs=read_files)
        found = opened(source, pair, Asked(read={**darknet, **pytorch}, caffe=caffe, reference=wanted.reference))
        found = replace(found, remarks=(*found.remarks, *target_remarks(pair), *picture_remarks(found, pair, wanted)))
        comparison = compared(found, pair, wanted, quiet=quiet)
        if report is not None:
            pictures = pictures_shown(found, pair, wanted)
            write_report(comparison, report, remarks=found.remarks, command=command_line(), pictures=pictures)
    if quiet:
        verdict_reported(comparison)
    else:
        show_comparison(comparison, found.remarks, verbose=verbose)
    if wanted.reduce is not None:
        with could_not(" ".join(files)):
            reduce_and_say(comparison, found, pair, wanted, Path(wanted.reduce))
    raise click.exceptions.Exit(EXIT_CODES[comparison.verdict])
