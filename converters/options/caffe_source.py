"""How a Caffe net that exists already is read."""

from __future__ import annotations

from typing import Annotated, ClassVar

from converters.options.declared import Option
from converters.options.pictures import PictureOptions


class CaffeSourceOptions(PictureOptions, frozen=True, kw_only=True):
    """The arguments of `converters.caffe.convert` besides the files, and what pictures go through."""

    TITLE: ClassVar[str] = "The source"

    input: Annotated[
        tuple[str, ...],
        Option(
            help="Shape of an input, as data=1x3x224x224; once for each that has none in the file, or another one.",
            metavar="NAME=SHAPE",
            sources=("caffe",),
        ),
    ] = ()
