"""`convert darknet CFG WEIGHTS`: a Darknet net to STEM.prototxt, STEM.caffemodel, STEM.heads.json, STEM.input.json."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import asdict

from converters.cli.command import Command, InputFile
from converters.cli.failure import failures_reported
from converters.cli.files import checked_stem, lowered, published
from converters.cli.options import takes
from converters.cli.origins import darknet_origins
from converters.cli.sources import darknet_model
from converters.cli.summary import show, show_warnings, verify_command
from converters.options import CaffeOptions, DarknetOptions, OutputOptions


@click.command(
    cls=Command,
    examples=(
        "convert darknet yolov3.cfg yolov3.weights -o deploy",
        "convert darknet yolov4.cfg yolov4.weights --head activated --fold-bn",
    ),
)
@click.argument("cfg", type=InputFile())
@click.argument("weights", type=InputFile())
@click.option(
    "-o", "--output", metavar="STEM",
    help="Write STEM.prototxt, STEM.caffemodel, STEM.heads.json; or a folder.  [default: the cfg's name, here]",
)  # fmt: skip
@takes(read=DarknetOptions, caffe=CaffeOptions, wanted=OutputOptions)
def darknet(
    cfg: Path,
    weights: Path,
    output: str | None,
    read: DarknetOptions,
    caffe: CaffeOptions,
    wanted: OutputOptions,
) -> None:
    """Convert the Darknet net CFG with its WEIGHTS to Caffe.

    The Caffe net computes what Darknet computes, layer by layer, and loads in an unpatched Caffe.
    """
    quiet = wanted.quiet
    with failures_reported(cfg):
        from caffe_ir.targets import TARGETS
        from converters.darknet import files_beside
        from converters.darknet.finite import FiniteCheck

        stem = checked_stem(output, cfg.stem, wanted, (cfg, weights))
        model = darknet_model(cfg, weights, read, check_finite=False)
        made = lowered(model.net, caffe, dump_after=wanted.dump_after)
        check = FiniteCheck(model.weights)
        others = files_beside(model, made)
        written = published(
            made, stem, TARGETS[caffe.target], others, darknet_origins(cfg, weights, read, caffe), wanted=wanted,
            watch=check.watch,
        )  # fmt: skip
        made.notes.extend(check.notes())
        if quiet:
            show_warnings(made)
        else:
            command = verify_command((cfg, weights), written, read, caffe)
            show(made, written, TARGETS[caffe.target], next_command=command, verbose=wanted.verbose)
    if wanted.verify:
        from converters.cli.verify_opened import Asked
        from converters.cli.verify_work import verify_written

        verify_written((str(cfg), str(weights)), written, Asked(read=asdict(read), caffe=asdict(caffe)), quiet=quiet)
