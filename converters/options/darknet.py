"""How a Darknet model is read."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Struct

from converters.options.declared import Option, Size


class DarknetOptions(Struct, frozen=True, kw_only=True):
    """The keyword arguments of `converters.darknet.convert`, by their names and with their defaults."""

    TITLE: ClassVar[str] = "Reading a Darknet model"

    dialect: Annotated[
        Literal["auto", "darknet", "alexeyab"],
        Option(help="Which Darknet the model is for: the original or AlexeyAB's fork."),
    ] = "auto"
    bn: Annotated[
        Literal["auto", "darknet-cpu", "darknet-gpu", "alexeyab"],
        Option(help="What BatchNorm divides by: sqrt(v)+1e-6 (the original's CPU code) or sqrt(v+1e-5) (all others)."),
    ] = "auto"
    input_size: Annotated[Size | None, Option(help="Input size in place of the cfg's.", metavar="HxW")] = None
    batch: Annotated[int, Option(help="Batch size.", metavar="N", least=1)] = 1
    lenient: Annotated[bool, Option(help="Read an unknown activation as ReLU, which Darknet does, with a warning.")] = (
        False
    )
    allow_trailing: Annotated[bool, Option(help="Accept a weights file that is longer than the cfg needs.")] = False
