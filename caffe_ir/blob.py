"""The weights of a layer: a shape, and a way to the numbers that reads nothing before it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.error_kinds.files import CANNOT_READ, CHANGED_WHILE_READ
from caffe_ir.errors import ConversionError, Problem

Shape = tuple[int, ...]
Array = npt.NDArray[Any]


def shape_text(shape: Shape) -> str:
    """`4x3x3`, as `--input` and messages have it; nothing for a shape without axes."""
    return "x".join(map(str, shape))


def shapes_text(shapes: Iterable[Shape]) -> str:
    """Shapes in a row; equal ones, as a Slice into windows makes them by dozens, once."""
    counted = ((shape_text(shape), len(list(same))) for shape, same in groupby(shapes))
    return ", ".join(text if count == 1 else f"{count} of {text}" for text, count in counted)


class FileSpan(Struct, frozen=True, kw_only=True):
    """Where the very bytes of a blob lie: little-endian float32, contiguous, from `offset` on."""

    path: Path
    offset: int


class Blob(Struct, frozen=True, kw_only=True, eq=False):
    """Weights of `shape`; `load()` gives them as float32 or float64.

    float64 stands for numbers that a pass computed: they are rounded to float32 once, when they are written.
    `span` is the range of a file that holds exactly these float32 bytes, for a writer to copy; then what `load()` gives
    was read for this call alone, and may be written to. `key` is set where the numbers are a tensor of
    the source's checkpoint, in its order, by its name there, or all of it over and over; `constant` where they are the
    same whatever it holds, but for the tensors that TensorsBehind.computed_from names.
    """

    shape: Shape
    load: Callable[[], Array]
    span: FileSpan | None = None
    key: str = ""
    constant: bool = False

    @staticmethod
    def of(array: npt.ArrayLike, *, constant: bool = False) -> Blob:
        """A blob that holds `array`; anything but float64 and float32 becomes float32."""
        values = np.asarray(array)
        if values.dtype != np.float64:
            values = values.astype(np.float32, copy=False)
        return Blob(shape=values.shape, load=lambda: values, constant=constant)

    @staticmethod
    def in_file(path: str | Path, offset: int, shape: Shape) -> Blob:
        """Weights as they lie in a file from byte `offset` on: little-endian float32, row-major; not read yet.

        Loading them raises ConversionError where the file has become shorter, or is no longer there.
        """
        span = FileSpan(path=path if isinstance(path, Path) else Path(path), offset=offset)
        return Blob(shape=shape, load=partial(_read, span, shape), span=span)

    @staticmethod
    def of_zeros(shape: Shape) -> Blob:
        """Weights that are all zero, made when asked for."""
        return Blob(shape=shape, load=partial(np.zeros, shape, np.float32))

    @staticmethod
    def computed(shape: Shape, compute: Callable[[], Array], *, constant: bool = False) -> Blob:
        """Weights made when they are asked for, so that only one layer's lie in memory at a time."""
        return Blob(shape=shape, load=compute, constant=constant)

    @property
    def count(self) -> int:
        """The number of values: 1 for a blob without axes."""
        return prod(self.shape)

    def reshaped(self, shape: Shape) -> Blob:
        """The same numbers in the same order under another shape, still where they lie. Raises ValueError."""
        if prod(shape) != self.count:
            raise ValueError(f"{self.count} values do not fill the shape {shape}")
        load = self.load
        return replace(self, shape=shape, load=lambda: load().reshape(shape))

    def repeated(self, times: int) -> Blob:
        """All the numbers so many times over, as one axis."""
        if times == 1:
            return self.reshaped((self.count,))
        load = self.load
        return replace(self, shape=(self.count * times,), load=lambda: np.tile(load().reshape(-1), times), span=None)

    def __repr__(self) -> str:
        return f"Blob{self.shape}"


def _read(span: FileSpan, shape: Shape) -> Array:
    return numbers_of_file(span.path, "<f4", prod(shape), span.offset).reshape(shape)


def numbers_of_file(path: Path, dtype: npt.DTypeLike, count: int, offset: int) -> Array:
    """`count` numbers from byte `offset` of a file on. Raises ConversionError where it no longer has them.

    They are read and not mapped: the system kills a process that touches the mapping of a file which somebody has
    truncated, and no message could be written.
    """
    try:
        values = np.fromfile(path, dtype, count, offset=offset)
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    if len(values) < count:
        raise ConversionError(became_shorter(path))
    return values


def read_into(array: Array, span: FileSpan) -> None:
    """Fill an array of float32, row-major, with the numbers of a file. Raises ConversionError where it has too few."""
    room = array.reshape(-1).view(np.uint8).data
    try:
        with open(span.path, "rb", buffering=0) as file:
            file.seek(span.offset)
            while room:
                count = file.readinto(room)
                if not count:
                    raise ConversionError(became_shorter(span.path))
                room = room[count:]
    except OSError as error:
        raise ConversionError(cannot_read(span.path, error)) from None


def cannot_read(path: str | Path, error: OSError) -> Problem:
    """The problem with a file that the system does not let us read."""
    return Problem(kind=CANNOT_READ, what=f"cannot read {path}", why=error.strerror or str(error))


def became_shorter(path: str | Path) -> Problem:
    """The problem with a file that had the numbers when it was opened and has them no longer."""
    return Problem(
        kind=CHANGED_WHILE_READ,
        what=f"{path} became shorter while it was read",
        hint="start again when nothing writes to it",
    )
