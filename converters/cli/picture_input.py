"""STEM.input.json for a net of PyTorch: what its user has said of pictures, checked against the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converters.options import PyTorchOptions

if TYPE_CHECKING:
    from caffe_ir.net import Net

OF_PICTURES = ("mean", "std", "scale", "bgr", "resize", "crop")
"""The options of PyTorchOptions that say how a picture becomes the input."""
ENDING = ".input.json"


def input_file(net: Net, read: PyTorchOptions) -> dict[str, str]:
    """The file by its ending; nothing where none of the options is given. Raises ConversionError."""
    given = {name: value for name in OF_PICTURES if (value := getattr(read, name))}
    if not given:
        return {}
    from caffe_ir.errors import ConversionError, Problem
    from caffe_ir.layers import Input
    from converters.pictures.description import described, description_text

    shapes = [net.shapes[top] for node in net.nodes if isinstance(node.layer, Input) for top in node.tops]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] not in (1, 3):
        flags = ", ".join(f"--{name}" for name in given)
        told = ", ".join("x".join(map(str, shape)) for shape in shapes)
        why = "a picture becomes one input of 1 or 3 channels"
        raise ConversionError(Problem(what=f"{flags}: the inputs are {told}", why=why))
    _, channels, height, width = shapes[0]
    return {ENDING: description_text(described((height, width), channels, **given))}
