"""STEM.input.json for a net of PyTorch: what its user has said of pictures, checked against the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converters.options import PyTorchOptions

if TYPE_CHECKING:
    from caffe_ir.net import Net
    from converters.pictures.description import InputDescription

OF_PICTURES = ("mean", "std", "scale", "bgr", "resize", "crop")
"""The options of PyTorchOptions that say how a picture becomes the input."""
ENDING = ".input.json"


def input_file(made: Net, read: PyTorchOptions) -> dict[str, str]:
    """The file by its ending, for the net as it was lowered; nothing where none of the options is given.

    Raises ConversionError.
    """
    found = _described(made, read)
    if found is None:
        return {}
    from msgspec.structs import replace

    from converters.pictures.description import description_text

    if made.taken is not None:
        other = made.taken.swapped and found.order != "grey"
        order = {"RGB": "BGR", "BGR": "RGB"}[found.order] if other else found.order
        found = replace(found, order=order, mean=0, scale=1)
    return {ENDING: description_text(found)}


def know_pictures(net: Net, read: PyTorchOptions) -> None:
    """Let the net know what its user has said of pictures. Raises ConversionError."""
    found = _described(net, read)
    if found is not None:
        from caffe_ir.picture_input import PictureInput

        made = found.preparation()
        net.picture = PictureInput(order="BGR" if made.bgr else "RGB", mean=made.mean, scale=made.scale)


def _described(net: Net, read: PyTorchOptions) -> InputDescription | None:
    given = {name: value for name in OF_PICTURES if (value := getattr(read, name))}
    if not given:
        return None
    from caffe_ir.errors import ConversionError, Problem
    from caffe_ir.layers import Input
    from converters.pictures.description import described

    shapes = [net.shapes[top] for node in net.nodes if isinstance(node.layer, Input) for top in node.tops]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] not in (1, 3):
        flags = ", ".join(f"--{name}" for name in given)
        told = ", ".join("x".join(map(str, shape)) for shape in shapes)
        why = "a picture becomes one input of 1 or 3 channels"
        raise ConversionError(Problem(what=f"{flags}: the inputs are {told}", why=why))
    _, channels, height, width = shapes[0]
    return described((height, width), channels, **given)
