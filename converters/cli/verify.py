"""`convert verify SOURCE... CAFFE`: is the Caffe net what its source is? Layer by layer, with the layer at fault."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import click

from converters.cli.command import Command, InputFile, refuse_missing
from converters.cli.options import FILE, IN_VERIFY, takes, takes_given
from converters.cli.verify_shown import show_comparison, verdict_told
from converters.cli.verify_source import Asked, opened, parted
from converters.cli.verify_work import EXIT_CODES, Wanted, compared, could_not, preparation_of
from converters.options import CaffeOptions, DarknetOptions, PyTorchOptions

ENGINE_NAMES = ("embedded", "opencv", "mnn", "pycaffe")


@click.command(
    cls=Command,
    examples=(
        "convert verify yolov3.cfg yolov3.weights deploy",
        "convert verify model.pt2 deploy.prototxt --engine opencv",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="SOURCE... CAFFE")
@click.option(
    "--engine", "engines", multiple=True, type=click.Choice(ENGINE_NAMES),
    help="Engine that must agree; once for each.  [default: embedded must, other installed engines are shown]",
)  # fmt: skip
@click.option(
    "--input",
    "inputs",
    multiple=True,
    type=InputFile(),
    metavar="FILE",
    help="Input data: .npy, .npz or a picture; repeatable.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of the random input that is used without --input.",
)
@click.option("--mean", metavar="M[,M,M]", help="Subtracted from a picture's values, 0..255.  [default: 0]")
@click.option("--scale", metavar="S[,S,S]", help="Factor for a picture, after the mean.  [default: 1/255]")
@click.option("--bgr", is_flag=True, help="Channel order blue, green, red.")
@click.option(
    "--fit", type=click.Choice(["letterbox", "stretch"]), help="How a picture is resized, as Darknet does it."
)
@click.option(
    "--precision", type=click.Choice(["float32", "float64"]),
    help="Compare in float64 only (errors of the rewrite), or in float32 only (rounding).  [default: both]",
)  # fmt: skip
@click.option(
    "--tolerance",
    type=click.FloatRange(0),
    help="Relative error allowed in float32.  [default: 1e-4 and 30 times numpy's]",
)
@click.option("--report", type=FILE, metavar="FILE.html", help="Write a report with charts.")
@click.option("--judge", type=click.Choice(["auto", "embedded", "darknet"]), default="auto", show_default=True,
    help="Reference for a Darknet net: Darknet itself where it is installed and can run the net, or numpy alone.",
)  # fmt: skip
@takes(IN_VERIFY, darknet=DarknetOptions, pytorch=PyTorchOptions)
@takes_given(caffe=CaffeOptions)
@click.option("-q", "--quiet", is_flag=True, help="Print the verdict only.")
@click.option("-v", "--verbose", is_flag=True, help="Print every layer, in net order.")
def verify(
    files: tuple[str, ...],
    engines: tuple[str, ...],
    inputs: tuple[Path, ...],
    seed: int,
    mean: str | None,
    scale: str | None,
    bgr: bool,
    fit: Literal["letterbox", "stretch"] | None,
    precision: str | None,
    tolerance: float | None,
    report: Path | None,
    judge: Literal["auto", "embedded", "darknet"],
    darknet: DarknetOptions,
    pytorch: PyTorchOptions,
    caffe: Mapping[str, Any],
    quiet: bool,
    verbose: bool,
) -> None:
    """Compare a Caffe net with its source, layer by layer.

    SOURCE is what convert took: CFG WEIGHTS, a PyTorch model, or another Caffe net. CAFFE is STEM, STEM.prototxt, or
    PROTOTXT CAFFEMODEL. Ends with 0 where they agree, 1 where they differ, 2 where they could not be compared.
    """
    with could_not(" ".join(files)):
        source, pair = parted(files)
        refuse_missing((*(Path(one) for one in source if ":" not in one), pair.prototxt, pair.caffemodel))
        found = opened(source, pair, Asked(darknet=darknet, pytorch=pytorch, caffe=caffe, judge=judge))
        wanted = Wanted(
            engines=engines,
            inputs=inputs,
            seed=seed,
            preparation=preparation_of(found.fit, mean, scale, bgr=bgr, fit=fit),
            precision=precision,
            tolerance=tolerance,
            quiet=quiet,
        )
        comparison = compared(found, pair, wanted)
        if report is not None:
            from converters.verify.report import write_report

            write_report(comparison, report, remarks=found.remarks)
    if quiet:
        verdict_told(comparison)
    else:
        show_comparison(comparison, found.remarks, verbose=verbose)
    raise click.exceptions.Exit(EXIT_CODES[comparison.verdict])
