"""Files for the tools that take a net further, made of STEM.input.json: one file of the room for each tool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.general import OPTION_VALUE
from caffe_ir.error_kinds.running import DESCRIPTION, UNKNOWN_PREPROCESSING
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.files.prototxt import written_names
from caffe_ir.layers import Input
from caffe_ir.net import Net
from converters.pictures.description import ENDING, InputDescription
from converters.side_files.acuity import acuity
from converters.side_files.ascend import ascend
from converters.side_files.ncnn import ncnn
from converters.side_files.nnie import nnie
from converters.side_files.opencv import opencv
from converters.side_files.rknn import rknn
from converters.side_files.subject import Subject
from converters.side_files.tpu_mlir import tpu_mlir

__all__ = ["TOOLS", "side_files", "side_files_of"]

TOOLS: Mapping[str, Callable[[Subject], Mapping[str, str]]] = {
    "ascend": ascend,
    "nnie": nnie,
    "rknn": rknn,
    "acuity": acuity,
    "ncnn": ncnn,
    "opencv": opencv,
    "tpu-mlir": tpu_mlir,
}


def side_files_of(
    net: Net, tools: Iterable[str], name: str, target: str, others: Mapping[str, str], *, hdf5: bool = False
) -> dict[str, str]:
    """The texts by their endings for a net as it is written, with its inputs under the names that they have there.

    Raises ConversionError, also where the weights are to be HDF5, which none of the tools reads.
    """
    tools = tuple(tools)
    if not tools:
        return {}
    if hdf5:
        what, why = "--side-files with --hdf5", "these tools read no weights of that form"
        raise ConversionError(Problem(kind=OPTION_VALUE, what=what, why=why, hint="leave one of the two out"))
    names = written_names(net)
    inputs = {names[top]: net.shapes[top] for node in net.nodes if isinstance(node.layer, Input) for top in node.tops}
    return side_files(tools, name, target, inputs, others)


def side_files(
    tools: Iterable[str], name: str, target: str, inputs: Mapping[str, Shape], others: Mapping[str, str]
) -> dict[str, str]:
    """The texts by their endings, for a net whose files are called `name`, with these inputs, written for `target`.

    `others` are the texts of the files beside it, of which .input.json says how a picture becomes the input. Raises
    ConversionError with all that the tools cannot have.
    """
    _check_name(name)
    subject = _subject(name, target, inputs, others)
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for tool in dict.fromkeys(tools):
        try:
            found |= TOOLS[tool](subject)
        except ConversionError as error:
            problems += error.problems
    if problems:
        raise ConversionError(*problems)
    return found


def _check_name(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        what = f"--side-files: the files would have to name {name.encode(errors='backslashreplace').decode()}"
        why = "that name is not text: it has bytes that are not UTF-8"
        raise ConversionError(
            Problem(kind=OPTION_VALUE, what=what, why=why, hint="name the files by another -o")
        ) from None


def _subject(name: str, target: str, inputs: Mapping[str, Shape], others: Mapping[str, str]) -> Subject:
    if ENDING not in others:
        what = "--side-files: it is not known how a picture becomes the input"
        hint = "for a PyTorch model give --mean, --std, --scale, --bgr; for a Caffe net put STEM.input.json beside it"
        raise ConversionError(Problem(kind=UNKNOWN_PREPROCESSING, what=what, hint=hint))
    description = msgspec.json.decode(others[ENDING], type=InputDescription)
    if doubt := description.doubt():
        raise ConversionError(Problem(kind=DESCRIPTION, what=f"--side-files: {name}{ENDING}: {doubt}"))
    ((top, shape),) = inputs.items()
    return Subject(name=name, target=target, input=top, shape=shape, description=description)
