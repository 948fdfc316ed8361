"""How a PyTorch model is made and captured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from msgspec import field

from converters.options.declared import Option
from converters.options.pictures import PictureOptions

APPROXIMATIONS = ("gelu=tanh",)
"""Those of converters.pytorch.capture.approximations: --help loads no torch, and a test compares the two."""


class PyTorchOptions(PictureOptions, frozen=True, kw_only=True):
    """Its inputs, and the arguments of `converters.pytorch.open.loading.load` and `load_plugins`."""

    TITLE: ClassVar[str] = "Reading a PyTorch model"

    input: Annotated[
        tuple[str, ...],
        Option(
            help="Shape of an input, as 1x3x224x224; once for each input. A .pt2 file has its own.",
            metavar="[NAME=]SHAPE[:DTYPE]",
        ),
    ] = ()
    weights: Annotated[
        Path | None,
        Option(
            help="Weights for the model: .pth (nested or with prefixes), .safetensors, .npz or .npy.",
            own=True,
            from_file=False,
        ),
    ] = None
    weights_key: Annotated[
        str, Option(help="Which weights to use of a checkpoint with several sets.", metavar="KEY", from_file=False)
    ] = ""
    arguments: Annotated[
        Mapping[str, Any],
        Option(help="Argument for the function that makes the model; repeatable.", flag="--arg", metavar="KEY=VALUE"),
    ] = field(default_factory=dict)
    plugins: Annotated[
        tuple[Path, ...],
        Option(help="Python file whose HANDLERS convert further operations.", flag="--plugin", from_file=False),
    ] = ()
    approx: Annotated[
        tuple[str, ...],
        Option(
            help="Function to approximate: GELU by tanh is off by up to 4.74e-4. By default none is.",
            metavar="FUNCTION=NEAR",
            choices=APPROXIMATIONS,
        ),
    ] = ()
    output_is: Annotated[
        Literal["yolov5", "yolov8", "ssd", "retinanet", "segmentation"] | None,
        Option(
            help="What the outputs are: maps or boxes of a detector (yolov8: and later), or a map of class scores. "
            "Written to STEM.heads.json, which `convert run` and `convert decoder` read."
        ),
    ] = None
    anchors: Annotated[
        str | None,
        Option(
            help="Anchors of yolov5 in pixels, map by map, where no module has them.", metavar="W,H,W,H/W,H,W,H/..."
        ),
    ] = None
    priors: Annotated[
        Path | None,
        Option(
            help="Priors of ssd and retinanet where no module has them: (priors, 4), x, y, w, h as fractions of the "
            "input.",
            metavar="FILE.npy",
            from_file=False,
        ),
    ] = None
    trust_pickle: Annotated[bool, Option(help="Open MODEL even if that can run code out of it.", from_file=False)] = (
        False
    )
