"""What a picture goes through before it is the input of a net."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from converters.options.declared import Option


class PictureOptions(Struct, frozen=True, kw_only=True):
    """The arguments of `converters.pictures.described.described` besides the input's shape."""

    mean: Annotated[
        str | None,
        Option(
            help="Mean of pictures, for STEM.input.json: with --std of values 0..1, without it of 0..255.",
            metavar="M[,M,M]",
        ),
    ] = None
    std: Annotated[
        str | None,
        Option(
            help="Standard deviation that pictures are divided by, as in torchvision's Normalize.", metavar="S[,S,S]"
        ),
    ] = None
    scale: Annotated[
        str | None,
        Option(
            help="Instead of --std: factor for values 0..255, after subtracting the mean.  [default: 1/255]",
            metavar="S[,S,S]",
        ),
    ] = None
    bgr: Annotated[bool, Option(help="The model takes channels in the order blue, green, red.")] = False
    resize: Annotated[
        str | None,
        Option(
            help="Size that pictures are resized to, or with --crop their shorter side; `letterbox` keeps their "
            "proportions and fills up with grey, as ultralytics does.",
            metavar="HxW|N|letterbox",
        ),
    ] = None
    crop: Annotated[str | None, Option(help="Size of the centre crop of a resized picture.", metavar="HxW|N")] = None
    interpolation: Annotated[
        Literal["bilinear", "bicubic"] | None,
        Option(help="How pictures are resized, antialiased as Pillow does it.  [default: bilinear]"),
    ] = None
