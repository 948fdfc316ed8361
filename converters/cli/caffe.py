"""`convert caffe PROTOTXT CAFFEMODEL`: a Caffe net that exists already, written for another engine."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import asdict

from converters.cli.command import Command, InputFile
from converters.cli.failure import failures_reported
from converters.cli.files import checked_stem, lowered, published
from converters.cli.options import takes
from converters.cli.origins import caffe_origins
from converters.cli.picture_input import caffe_input_file, know_caffe_pictures
from converters.cli.summary import show, show_warnings, verify_command
from converters.options import CaffeOptions, CaffeSourceOptions, OutputOptions


@click.command(
    cls=Command,
    examples=(
        "convert caffe net.prototxt net.caffemodel --target mnn -o for_mnn",
        "convert caffe train_val.prototxt net.caffemodel --input data=1x3x227x227",
        "convert caffe net.prototxt net.caffemodel --mean 104,117,123 --scale 1 --bgr",
    ),
)
@click.argument("prototxt", type=InputFile())
@click.argument("caffemodel", type=InputFile())
@click.option(
    "-o", "--output", metavar="STEM",
    help="Write STEM.prototxt and STEM.caffemodel; or a folder.  [default: the prototxt's name and the target's, here]",
)  # fmt: skip
@takes(read=CaffeSourceOptions, caffe=CaffeOptions, wanted=OutputOptions, source="caffe")
def caffe(
    prototxt: Path,
    caffemodel: Path,
    output: str | None,
    read: CaffeSourceOptions,
    caffe: CaffeOptions,
    wanted: OutputOptions,
) -> None:
    """Write the Caffe net PROTOTXT with its CAFFEMODEL for another engine, or as a net for inference.

    The new net computes the same function. Layers that the engine refuses or gets wrong are rewritten, and layers that
    are for training only are left out.
    """
    with failures_reported(prototxt):
        from caffe_ir.targets import TARGETS
        from converters.caffe import convert, retarget

        stem = checked_stem(output, f"{prototxt.stem}-{caffe.target}", wanted, (prototxt, caffemodel))
        net = convert(prototxt, caffemodel, input=read.input)
        know_caffe_pictures(net, prototxt, read)
        made = lowered(net, caffe, dump_after=wanted.dump_after, rewrite=retarget)
        origins = caffe_origins(prototxt, caffemodel, read, caffe)
        beside = caffe_input_file(made, prototxt, read)
        written = published(made, stem, TARGETS[caffe.target], beside, origins, wanted=wanted)
        if wanted.quiet:
            show_warnings(made)
        else:
            command = verify_command((prototxt, caffemodel), written, read, caffe)
            show(made, written, TARGETS[caffe.target], next_command=command, verbose=wanted.verbose)
    if wanted.verify:
        from converters.cli.verify_opened import Asked
        from converters.cli.verify_work import verify_written

        asked = Asked(read=asdict(read), caffe=asdict(caffe))
        verify_written((str(prototxt), str(caffemodel)), written, asked, quiet=wanted.quiet)
