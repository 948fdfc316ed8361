"""Names of classes, one in a line, as Darknet's .names files have them."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.blob import cannot_read
from caffe_ir.error_kinds.running import CLASS_NAMES
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.given_files import check_regular, read_bytes

_LARGEST = 16 << 20
"""Bytes of a file."""


def read_names(path: Path, classes: int) -> tuple[str, ...]:
    """The names in their order; `classes` are those of the net, 0 where that is unknown. Raises ConversionError."""
    try:
        check_regular(path)
        data = read_bytes(path, _LARGEST)
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    if b"\0" in data:
        what = f"{path} is not text; it must have one class name a line"
        raise ConversionError(Problem(kind=CLASS_NAMES, what=what))
    text = data.decode("utf-8", "replace")
    names = tuple(line.strip() for line in text.rstrip().splitlines())
    if len(names) != classes and classes:
        what = f"{path} has {len(names)} name{'s' * (len(names) != 1)}, the net {classes} classes"
        hint = "is it the list of another net?"
        if len(names) == classes - 1:
            hint += " In some nets class 0 is the background, and has the first line"
        raise ConversionError(Problem(kind=CLASS_NAMES, what=what, why="one line names one class", hint=hint))
    return names
