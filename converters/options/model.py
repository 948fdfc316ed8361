"""What a manifest says of a model besides options: on a command line these are its arguments and where they go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Struct

from converters.options.declared import Option, Source

IN_MANIFESTS: tuple[Source, ...] = ("darknet", "pytorch", "caffe")
"""Whose models a manifest may list."""


class ModelKeys(Struct, frozen=True, kw_only=True):
    """The files of a model, and where its Caffe net is written."""

    TITLE: ClassVar[str] = "The model"

    source: Annotated[
        str,
        Option(help="Whose model it is, where its files do not show it.", choices=IN_MANIFESTS, sources=IN_MANIFESTS),
    ] = ""
    cfg: Annotated[Path | None, Option(help="The cfg of a Darknet model.", sources=("darknet",), own=True)] = None
    model: Annotated[
        Path | None,
        Option(help="The file of a PyTorch model: a .pt2 or a TorchScript .pt.", sources=("pytorch",), own=True),
    ] = None
    factory: Annotated[
        str,
        Option(
            help="The function that makes a PyTorch model: package.module:function or file.py:function.",
            sources=("pytorch",),
            own=True,
        ),
    ] = ""
    weights: Annotated[
        Path | None,
        Option(
            help="The weights: of a cfg, or for the PyTorch model that a factory makes.",
            sources=("darknet", "pytorch"),
            own=True,
        ),
    ] = None
    prototxt: Annotated[
        Path | None, Option(help="The prototxt of a Caffe net that exists already.", sources=("caffe",), own=True)
    ] = None
    caffemodel: Annotated[Path | None, Option(help="Its weights.", sources=("caffe",), own=True)] = None
    target: Annotated[
        tuple[str, ...],
        Option(
            help="Engine that the files are written for; with a list, one net for each. `convert targets` lists them."
        ),
    ] = ("caffe",)
    output: Annotated[
        str,
        Option(
            help="Where the files go, without their endings; {name} and {target} stand for the model's and the "
            "target's.  [default: {name}, or {target}/{name} for several targets]"
        ),
    ] = ""
