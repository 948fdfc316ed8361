"""What is done with a converted net besides writing it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Struct

from converters.options.declared import Option

TOOLS = ("ascend", "nnie", "rknn", "acuity", "ncnn", "opencv", "tpu-mlir")
"""The names of converters.side_files.TOOLS, written down so that --help loads nothing; a test holds them together."""


class OutputOptions(Struct, frozen=True, kw_only=True):
    """The form of the files, the comparison with their source, and what is printed."""

    TITLE: ClassVar[str] = "Output"

    hdf5: Annotated[bool, Option(help="Write the weights as STEM.caffemodel.h5; needed above 2 GB.")] = False
    side_files: Annotated[
        tuple[str, ...],
        Option(
            help="Also write a configuration or a program for these tools, with the preprocessing that STEM.input.json "
            "describes.",
            metavar="TOOL[,TOOL...]",
            choices=TOOLS,
            listed=True,
        ),
    ] = ()
    force: Annotated[
        bool, Option(help="Replace files of the same names that tocaffe did not write.", in_manifest=False)
    ] = False
    durable: Annotated[bool, Option(help="Wait until the files are on disk, so that a power cut loses none.")] = False
    dump_after: Annotated[
        str | None,
        Option(help="Print the net after this pass (`source`: before the first).", metavar="PASS", in_manifest=False),
    ] = None
    verify: Annotated[
        bool, Option(help="Compare the files with their source, as `convert verify` does.", manifest_default=True)
    ] = False
    quiet: Annotated[bool, Option(help="Print only warnings and errors.", short="-q", in_manifest=False)] = False
    verbose: Annotated[
        bool, Option(help="List every rewrite and assumption with its place.", short="-v", in_manifest=False)
    ] = False
