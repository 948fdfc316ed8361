"""`convert init NET.prototxt`: a caffemodel with the numbers that the prototxt's fillers make, without Caffe."""

from __future__ import annotations

from pathlib import Path

import click

from converters.cli.command import Command, InputFile
from converters.cli.failure import failures_reported
from converters.cli.files import stem_of
from converters.cli.progress import bytes_written
from converters.cli.say import say


@click.command(cls=Command)
@click.argument("prototxt", type=InputFile())
@click.option("-o", "--output", metavar="STEM", help="Where to write STEM.caffemodel.  [default: beside the prototxt]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the random numbers.")
@click.option("--force", is_flag=True, help="Replace weights that are there already.")
@click.option("-q", "--quiet", is_flag=True, help="Print only errors.")
def init(prototxt: Path, output: str | None, seed: int, force: bool, quiet: bool) -> None:
    """Write the weights with which Caffe would start to train PROTOTXT, from its fillers.

    Defaults without a filler are Caffe's: weights 0, Scale 1, PReLU 0.25, and BatchNorm without statistics, which
    divides by sqrt(eps).
    """
    with failures_reported(str(prototxt), what="cannot be filled"):
        from caffe_ir.files.file_names import BINARY, HDF5
        from caffe_ir.files.fillers import filled
        from caffe_ir.files.reader import read
        from caffe_ir.files.replaceable import check_absent, with_ending
        from caffe_ir.files.spelled_file import read_spelled
        from caffe_ir.files.writer import write_weights

        stem = prototxt.with_suffix("") if output is None else stem_of(output, prototxt.stem)
        path = with_ending(stem, HDF5 if output and output.endswith(HDF5) else BINARY)
        why = "its weights would be lost to those that the fillers make"
        check_absent(path, why, inputs=[prototxt], force=force)
        net = filled(read(prototxt), read_spelled(prototxt), seed=seed)
        net.check()
        with bytes_written(f"writing {path.name}", quiet=quiet) as progress:
            size = write_weights(net, path, force=True, progress=progress)
    if not quiet:
        count = sum(bool(node.blobs) for node in net.nodes)
        say(f"written  {path} ({size:,} bytes, {count} layer{'s' * (count != 1)} with weights)")
