"""A tensor of somebody's file: its shape, its type, and a way to its numbers that reads nothing before it is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Blob, FileSpan, Shape
from caffe_ir.error_kinds.weights import BEYOND_LIMITS, FORM_NOT_READ
from caffe_ir.errors import ConversionError, Problem
from converters.weights.octets import Octets
from converters.weights.unreadable import Unreadable

WIDTHS: dict[str, int] = {
    "float32": 4,
    "float64": 8,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint64": 8,
    "uint32": 4,
    "uint16": 2,
    "uint8": 1,
    "bool": 1,
    "complex64": 8,
    "complex128": 16,
    "float8_e4m3fn": 1,
    "float8_e5m2": 1,
    "float8_e4m3fnuz": 1,
    "float8_e5m2fnuz": 1,
    "float8_e8m0fnu": 1,
}
"""The types of numbers by torch's names, and how many bytes each takes."""

BITS = {name: f"uint{8 * width}" for name, width in WIDTHS.items() if name.startswith(("bfloat", "float8"))}
"""The types that NumPy lacks, and in what it has their bits."""

MOST_AXES = 32
"""Caffe's blobs have no more (blob.hpp, kMaxBlobAxes)."""

MOST_REPEATED = 1 << 24
"""So many numbers a tensor may have that repeats those of its storage (stride 0); 64 MB of float32."""

_LARGEST = 2**63 - 1


class Tensor(Struct, frozen=True, kw_only=True, eq=False):
    """`stored()` gives the numbers in the type that the file has; those of BITS, which NumPy lacks, as their bits.

    A type outside of WIDTHS is known by its name alone. `span` is set where the file's bytes are little-endian float32
    in row-major order. `place` says where the numbers lie: two tensors of one place and shape are the same numbers.
    """

    shape: Shape
    dtype: str
    stored: Callable[[], Array]
    span: FileSpan | None = None
    place: object = None

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return prod(self.shape)

    @property
    def is_read(self) -> bool:
        """Whether `read` gives its numbers; the others torch may know."""
        return self.dtype in WIDTHS and (self.dtype not in BITS or self.dtype == "bfloat16")

    def read(self) -> Array:
        """The numbers in the file's type, bfloat16 as float32.

        Raises ConversionError where the file lost them, and where the type is not read.
        """
        if not self.is_read:
            raise ConversionError(not_read(self.dtype))
        return widened(self.stored()) if self.dtype == "bfloat16" else self.stored()

    @property
    def blob(self) -> Blob:
        """The numbers as weights of a net, in the file where they can stay there."""
        if self.span is not None:
            return Blob.in_file(self.span.path, self.span.offset, self.shape)
        return Blob.computed(self.shape, self.read if self.dtype == "float64" else self._single)

    def double(self) -> Array:
        """The numbers in float64."""
        return self.read().astype(np.float64)

    def _single(self) -> Array:
        return self.read().astype(np.float32)

    def __repr__(self) -> str:
        return f"Tensor({self.dtype}{list(self.shape)})"


Nested: TypeAlias = "dict[str, Tensor | Nested]"
"""What a checkpoint holds: tensors by name, and such dictionaries by name."""


def tensor_of(octets: Octets, dtype: str, shape: Shape, strides: Shape | None = None, first: int = 0) -> Tensor:
    """A tensor whose numbers are those bytes, little-endian, from the number `first` on; `strides` count numbers.

    Raises Unreadable where the tensor needs more numbers than there are, and for what no tensor has.
    """
    width = WIDTHS[dtype]
    check_shape(shape, width)
    plain = contiguous(shape)
    strides = plain if strides is None else strides
    if not _are_counts((first,)) or len(strides) != len(shape) or not _are_counts(strides):
        where = f"and strides {_shown(strides)}, from the number {_size_shown(first)} of its storage on"
        raise Unreadable(f"has a tensor of shape {_shown(shape)} {where}")
    count = 0 if 0 in shape else 1 + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
    room = max(octets.length // width - first, 0)
    if room < count:
        raise Unreadable(f"has a tensor of shape {_shown(shape)} that needs {count:,} numbers where {room:,} are")
    if prod(shape) > max(count, MOST_REPEATED):
        why = f"a tensor that repeats its numbers may have {MOST_REPEATED:,}"
        raise Unreadable(
            f"has a tensor of shape {_shown(shape)} made of {count:,} number{'s' * (count != 1)}",
            why,
            "save it as it is used",
            kind=BEYOND_LIMITS,
        )
    strides = tuple(own if size < 2 else step for size, step, own in zip(shape, strides, plain, strict=True))
    begin = first * width if count else 0
    span = None
    if count and octets.path is not None and octets.lie_in_the_file and strides == plain and dtype == "float32":
        span = FileSpan(path=octets.path, offset=octets.offset + begin)
    place = (octets.path, octets.offset + begin) if octets.lie_in_the_file else (octets, begin)
    return Tensor(
        shape=shape,
        dtype=dtype,
        stored=partial(_stored, octets, begin, dtype, shape, strides, count),
        span=span,
        place=(*place, dtype, strides),
    )


def held(array: Array) -> Tensor:
    """A tensor that lies in memory."""
    return Tensor(shape=array.shape, dtype=array.dtype.name, stored=lambda: array)


def of_unknown_type(dtype: str, shape: Shape) -> Tensor:
    """A tensor of a type that is not in WIDTHS: known by its name, refused where its numbers are asked for."""

    def stored() -> Array:
        raise ConversionError(not_read(dtype))

    return Tensor(shape=shape, dtype=dtype, stored=stored)


def not_read(dtype: str, name: str = "") -> Problem:
    """The problem with a tensor whose numbers are of a type that is not read."""
    what = f"{name} is of the type {dtype}, which is not read" if name else f"numbers of the type {dtype} are not read"
    return Problem(kind=FORM_NOT_READ, what=what, hint="save it as float32")


def check_shape(shape: Shape, width: int) -> None:
    """Raise Unreadable where no array of numbers of `width` bytes, or of float64, which they become, has this shape."""
    if not _are_counts(shape):
        raise Unreadable(f"has a tensor of the shape {_shown(shape)}", "its sizes must be whole numbers")
    if len(shape) > MOST_AXES:
        raise Unreadable(
            f"has a tensor of {len(shape)} axes",
            f"a blob of Caffe has at most {MOST_AXES}",
            "reshape it",
            kind=FORM_NOT_READ,
        )
    if prod(size for size in shape if size) * max(width, 8) > _LARGEST:
        raise Unreadable(f"has a tensor of the shape {_shown(shape)}, which no memory holds")


def contiguous(shape: Shape) -> Shape:
    """The strides, in numbers, of a row-major array."""
    return tuple(prod(shape[place + 1 :]) for place in range(len(shape)))


def column_major(shape: Shape) -> Shape:
    """The strides, in numbers, of an array in Fortran's order."""
    return tuple(prod(shape[:place]) for place in range(len(shape)))


def widened(bits: Array) -> Array:
    """bfloat16, given as its bits in uint16, as float32: its bits are the upper half of float32's."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def _stored(octets: Octets, begin: int, dtype: str, shape: Shape, strides: Shape, count: int) -> Array:
    kind = np.dtype(BITS.get(dtype, dtype)).newbyteorder("<")
    flat = octets.numbers(kind, count, begin) if count else np.empty(0, kind)
    if strides == contiguous(shape) or not count:
        return flat.reshape(shape)
    steps = tuple(step * kind.itemsize for step in strides)
    return np.asarray(np.lib.stride_tricks.as_strided(flat, shape, steps, writeable=False))


def _are_counts(values: Any) -> bool:
    return isinstance(values, tuple) and all(type(value) is int and 0 <= value <= _LARGEST for value in values)


def _size_shown(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else f"a {type(value).__name__}"


def _shown(values: Any) -> str:
    """A shape as Python spells it, whatever stands in it, not longer than a line."""
    if not isinstance(values, tuple) or len(values) > MOST_AXES:
        return f"of {len(values)} axes"
    sizes = list(map(_size_shown, values))
    text = f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"
    return text if len(text) <= 100 else f"{text[:97]}..."
