"""How a Darknet model is read."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Struct

from converters.options.declared import Option, Size


def _batch_norm(text: str) -> object:
    from converters.darknet.batch_norm import form_of

    return form_of(text)


class DarknetOptions(Struct, frozen=True, kw_only=True):
    """The keyword arguments of `converters.darknet.convert`, by their names and with their defaults."""

    TITLE: ClassVar[str] = "Reading a Darknet model"

    dialect: Annotated[
        Literal["auto", "darknet", "alexeyab"],
        Option(help="The Darknet that the model is for: the original or AlexeyAB's fork."),
    ] = "auto"
    bn: Annotated[
        str,
        Option(
            help="What BatchNorm divides by: `darknet-cpu` sqrt(v)+1e-6, `darknet-gpu` and `alexeyab` sqrt(v+1e-5), "
            "`inside:EPS` sqrt(v+EPS), `outside:EPS` sqrt(v)+EPS. `auto` takes the form of the program that wrote "
            "the weights.",
            metavar="FORM",
            choices=("auto", "darknet-cpu", "darknet-gpu", "alexeyab"),
            grammar=_batch_norm,
        ),
    ] = "auto"
    input_size: Annotated[Size | None, Option(help="Input size in place of the cfg's.", metavar="HxW")] = None
    batch: Annotated[int, Option(help="Batch size.", metavar="N", least=1)] = 1
    lenient: Annotated[bool, Option(help="Read an unknown activation as ReLU, as Darknet does, with a warning.")] = (
        False
    )
    header_bytes: Annotated[
        int | None,
        Option(
            help="Length of the weights' header: 20 or 16 by its version, 12, or 0 for none.  [default: what fits]",
            choices=(0, 12, 16, 20),
            least=0,
            metavar="0|12|16|20",
        ),
    ] = None
    until: Annotated[
        int | None,
        Option(help="Convert only the sections 0 to N, the numbers in layer names (conv_N).", metavar="N", least=0),
    ] = None
    allow_trailing: Annotated[bool, Option(help="Accept a weights file that is longer than the cfg needs.")] = False
