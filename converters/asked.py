"""What a Python program asks of a model, checked: a name that is not known is refused with those that are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.error_kinds.caffe import BLOBS_DO_NOT_FIT
from caffe_ir.error_kinds.general import OPTION_VALUE
from caffe_ir.error_kinds.running import INPUT_VALUES
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.near_misses import did_you_mean


def known(option: str, asked: str | Iterable[str], names: Collection[str]) -> tuple[str, ...]:
    """The names that are asked for, one or several. Raises ConversionError where one is not among `names`."""
    problems, wanted = Problems(), (asked,) if isinstance(asked, str) else tuple(asked)
    for name in wanted:
        if name not in names:
            hint = did_you_mean(str(name), names) or f"there are {', '.join(names)}"
            problems.add(f"{option} is {name!r}, which is not known", hint=hint, kind=OPTION_VALUE)
    problems.raise_if_any()
    return wanted


def fed(inputs: Mapping[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Array]:
    """An array for each input. Raises ConversionError for one that is missing, unknown, or of another shape."""
    problems, arrays = Problems(), {name: np.asarray(array) for name, array in inputs.items()}
    takes = f"the inputs are {', '.join(f'{name} {shape}' for name, shape in shapes.items())}"
    for name in dict.fromkeys((*shapes, *arrays)):
        if name not in shapes:
            problems.add(f"the net has no input {name}", hint=takes, kind=INPUT_VALUES)
        elif name not in arrays:
            problems.add(f"no array is given for the input {name}", hint=takes, kind=INPUT_VALUES)
        elif arrays[name].shape != shapes[name]:
            what = f"the array for the input {name} is {arrays[name].shape}"
            problems.add(what, hint=takes, kind=INPUT_VALUES)
    problems.raise_if_any()
    return arrays


def weights_for(title: str, *, missing: bool) -> None:
    """Raises ConversionError where a net was read without its weights."""
    if missing:
        raise ConversionError(
            Problem(
                kind=BLOBS_DO_NOT_FIT,
                what=f"{title} was read without weights",
                why="its layers would compute with zeros",
                hint="give its caffemodel: read(prototxt, caffemodel)",
            )
        )
