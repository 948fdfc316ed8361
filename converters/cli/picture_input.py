"""STEM.input.json for a net, as its user has said it, or for one of Caffe as it lies beside the source."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caffe_ir.error_kinds.general import OPTION_VALUE
from caffe_ir.error_kinds.running import DESCRIPTION
from converters.options import CaffeSourceOptions, PictureOptions, PyTorchOptions, declared

if TYPE_CHECKING:
    from caffe_ir.blob import Shape
    from caffe_ir.net import Net
    from converters.pictures.description import InputDescription

ASSUMED = "pictures are RGB, divided by 255 and stretched; --mean, --std, --bgr, --resize letterbox say otherwise"
OF_PICTURES = tuple(one.name for one in declared(PictureOptions))
"""The options that say how a picture becomes the input."""
ENDING = ".input.json"


def input_file(made: Net, read: PyTorchOptions) -> dict[str, str]:
    """The file by its ending, for the net as it was lowered; nothing where none of the options is given.

    Raises ConversionError.
    """
    return _file_of(_described(made, read), made)


def caffe_input_file(made: Net, prototxt: Path, read: CaffeSourceOptions) -> dict[str, str]:
    """The file by its ending, for the net that one of Caffe became; nothing where none of the options is given and no
    such file is beside that one's prototxt.

    Raises ConversionError.
    """
    return _file_of(_of_caffe(made, prototxt, read), made)


def _file_of(found: InputDescription | None, made: Net) -> dict[str, str]:
    if found is None:
        return {}
    from converters.pictures.description import description_text

    return {ENDING: description_text(found.left_by(made.taken))}


def description_of(made: Net, read: PyTorchOptions) -> InputDescription | None:
    """What a picture goes through before it is the input of the net as it was lowered; None where nobody says.

    Raises ConversionError.
    """
    found = _described(made, read)
    return None if found is None else found.left_by(made.taken)


def know_pictures(net: Net, read: PyTorchOptions) -> None:
    """Let the net know what its user has said of pictures. Raises ConversionError."""
    _know(net, _described(net, read))


def know_caffe_pictures(net: Net, prototxt: Path, read: CaffeSourceOptions) -> None:
    """Let a net of Caffe know what its user, or else the file beside its prototxt, says of pictures.

    Raises ConversionError.
    """
    if (said := _said(read)) and (path := _path_beside(prototxt)).exists():
        net.note("assumed", f"{path} is not read: {_flags(said)} say what pictures go through")
    _know(net, _of_caffe(net, prototxt, read))


def _of_caffe(net: Net, prototxt: Path, read: CaffeSourceOptions) -> InputDescription | None:
    return _described(net, read) if _said(read) else _beside(net, prototxt)


def _path_beside(prototxt: Path) -> Path:
    from caffe_ir.files.file_names import PROTOTXT

    return prototxt.with_name(prototxt.name.removesuffix(PROTOTXT) + ENDING)


def _know(net: Net, found: InputDescription | None) -> None:
    if found is not None:
        net.picture = found.picture_input()


def _beside(net: Net, prototxt: Path) -> InputDescription | None:
    """What the file says, for the size that the input has: another one may have been asked for."""
    from msgspec.structs import replace

    from caffe_ir.errors import ConversionError, Problem
    from converters.pictures.description import read_description

    path = _path_beside(prototxt)
    if not path.exists():
        return None
    found, shapes = read_description(path), _shapes(net)
    why = found.doubt()
    if not why and found.fit != "crop" and [len(shape) for shape in shapes] == [4]:
        found = replace(found, size=shapes[0][2:])
    if not why and [shape[1:] for shape in shapes] != [(found.channels, *found.size)]:
        why = f"its pictures are {_listed([(found.channels, *found.size)])}, the inputs {_listed(shapes)}"
    if why:
        raise ConversionError(
            Problem(kind=DESCRIPTION, what=f"{path} is not of this net: {why}", hint="move it away, or correct it")
        )
    return found


def _said(read: PictureOptions) -> dict[str, Any]:
    return {name: value for name in OF_PICTURES if (value := getattr(read, name))}


def _flags(said: Iterable[str]) -> str:
    return ", ".join(f"--{name}" for name in said)


def _described(net: Net, read: PictureOptions) -> InputDescription | None:
    said, output_is = _said(read), read.output_is if isinstance(read, PyTorchOptions) else None
    if not said and output_is is None:
        return None
    from caffe_ir.errors import ConversionError, Problem
    from converters.pictures.described import described

    shapes = _shapes(net)
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] not in (1, 3):
        flags = _flags(said) or f"--output-is {output_is}"
        why = "a picture becomes one input of 1 or 3 channels"
        raise ConversionError(Problem(kind=OPTION_VALUE, what=f"{flags}: the inputs are {_listed(shapes)}", why=why))
    _, channels, height, width = shapes[0]
    return described((height, width), channels, **said)


def _shapes(net: Net) -> list[Shape]:
    from caffe_ir.inputs_read import inputs_read

    return [net.shapes[top] for node in inputs_read(net) for top in node.tops]


def _listed(shapes: Iterable[Shape]) -> str:
    from caffe_ir.blob import shape_text

    return ", ".join(map(shape_text, shapes))
