"""The weights in a file of Caffe's, in either of its two forms, distinguished as Caffe does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from caffe_ir.error_kinds.files import CANNOT_READ
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.files import caffemodel_hdf5, caffemodel_index
from caffe_ir.files.caffemodel_index import StoredLayer
from caffe_ir.given_files import check_regular

_Read = TypeVar("_Read")


def read_layers(path: str | Path) -> list[StoredLayer]:
    """The layers that the file has weights for. Raises ConversionError where it cannot be read or has neither form."""
    return in_either_form(Path(path), hdf5=caffemodel_hdf5.read_index, binary=caffemodel_index.read_index)


def in_either_form(path: Path, *, hdf5: Callable[[Path], _Read], binary: Callable[[Path], _Read]) -> _Read:
    """What one of the two functions makes of the file. Raises ConversionError where it cannot be read."""
    try:
        check_regular(path)
        is_hdf5 = caffemodel_hdf5.is_hdf5(path)
    except OSError as error:
        origin = Origin(layer=path.name, file=str(path))
        why = error.strerror or str(error)
        raise ConversionError(Problem(kind=CANNOT_READ, what=f"cannot read {path}", why=why, origin=origin)) from error
    return hdf5(path) if is_hdf5 else binary(path)
