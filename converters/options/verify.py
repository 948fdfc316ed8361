"""How a Caffe net is compared with its source."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Struct

from converters.options.declared import Option

ENGINES = ("embedded", "opencv", "mnn", "pycaffe")
"""The names of converters.verify.ENGINES, written down so that --help loads nothing; a test holds them together."""


class VerifyOptions(Struct, frozen=True, kw_only=True):
    """The engines, what they are fed with, the reference, and how far the two may differ."""

    TITLE: ClassVar[str] = "Comparison"

    engines: Annotated[
        tuple[str, ...],
        Option(
            help="Engine that must agree; repeatable.  [default: embedded must, other installed engines are shown]",
            flag="--engine",
            choices=ENGINES,
            in_manifest=False,
        ),
    ] = ()
    tool: Annotated[
        str | None,
        Option(
            help="One more engine that must agree: a command in which {prototxt} {caffemodel} {inputs} {outputs} stand "
            "for files, the last two .npz.",
            metavar="COMMAND",
            in_manifest=False,
        ),
    ] = None
    reduce: Annotated[
        str | None,
        Option(
            help="Cut the net down to the smallest one that this engine gets wrong, and write it as STEM.",
            metavar="STEM",
            in_manifest=False,
        ),
    ] = None
    inputs: Annotated[
        tuple[str, ...],
        Option(
            help="Input data (.npy, .npz or a picture), or for a PyTorch model the shape of an input as in convert "
            "pytorch; repeatable.",
            flag="--input",
            metavar="FILE|SHAPE",
            in_manifest=False,
        ),
    ] = ()
    seed: Annotated[
        int,
        Option(help="Seed of the random input, without --input.", metavar="N", least=0, in_manifest=False),
    ] = 0
    mean: Annotated[
        str | None,
        Option(
            help="Mean that is subtracted from a picture's values, 0..255.  [default: as STEM.input.json says]",
            metavar="M[,M,M]",
            in_manifest=False,
        ),
    ] = None
    scale: Annotated[
        str | None,
        Option(
            help="Factor for a picture, after the mean.  [default: as STEM.input.json says]",
            metavar="S[,S,S]",
            in_manifest=False,
        ),
    ] = None
    bgr: Annotated[bool, Option(help="Channel order blue, green, red.", in_manifest=False)] = False
    fit: Annotated[
        Literal["letterbox", "stretch", "crop"] | None,
        Option(
            help="How to fit a picture to the input, as Darknet resizes it.  [default: as STEM.input.json says]",
            in_manifest=False,
        ),
    ] = None
    precision: Annotated[
        Literal["float32", "float64"] | None,
        Option(
            help="Compare in float64 only (errors of the rewrite), or in float32 only (rounding).  [default: both]",
            in_manifest=False,
        ),
    ] = None
    tolerance: Annotated[
        float | None,
        Option(help="Relative error allowed in float32.  [default: 1e-4 and 30 times numpy's]", metavar="X"),
    ] = None
    reference: Annotated[
        Literal["auto", "embedded", "darknet"],
        Option(
            help="Reference for a Darknet net: Darknet itself where it is installed and can run the net, "
            "or numpy alone; for a Caffe net: an engine that is installed and can run it, or numpy alone.",
            in_manifest=False,
        ),
    ] = "auto"
