"""A tensor of somebody's file: its shape, its type, and a way to its numbers that reads nothing before it is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from pathlib import Path
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Blob, FileSpan, Shape

WIDTHS: dict[str, int] = {
    "float32": 4,
    "float64": 8,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
    "complex64": 8,
    "complex128": 16,
}
"""The types of numbers that are read, and how many bytes each takes."""


class Tensor(Struct, frozen=True, kw_only=True, eq=False):
    """`read()` gives the numbers in the type that the file has (bfloat16, which numpy lacks, as float32).

    `span` is set where the file's bytes are little-endian float32 in row-major order. `place` tells where the numbers
    lie: two tensors of one place and shape are the same numbers.
    """

    shape: Shape
    dtype: str
    read: Callable[[], Array]
    span: FileSpan | None = None
    place: object = None

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


def mapped(path: Path, offset: int, dtype: str, shape: Shape, strides: Shape | None = None, room: int = -1) -> Tensor:
    """A tensor whose numbers lie in a file, little-endian, from byte `offset` on; `strides` count numbers.

    `room` is how many numbers may be read; less for a tensor that needs more raises ValueError, as do strange strides.
    """
    plain = contiguous(shape)
    strides = plain if strides is None else strides
    if len(strides) != len(shape) or any(step < 0 for step in strides) or any(size < 0 for size in shape):
        raise ValueError(f"a tensor of shape {shape} with strides {strides}")
    last = sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
    count = 0 if 0 in shape else last + 1
    if 0 <= room < count:
        raise ValueError(f"a tensor needs {count} numbers where there are {room}")
    dense = all(size < 2 or step == own for size, step, own in zip(shape, strides, plain, strict=True))
    return Tensor(
        shape=shape,
        dtype=dtype,
        read=partial(_read, path, offset, dtype, shape, strides, count),
        span=FileSpan(path=path, offset=offset) if dense and dtype == "float32" else None,
        place=(path, offset, dtype, strides),
    )


def held(array: Array) -> Tensor:
    """A tensor that lies in memory."""
    return Tensor(shape=array.shape, dtype=str(array.dtype), read=lambda: array)


def contiguous(shape: Shape) -> Shape:
    """The strides, in numbers, of a row-major array."""
    return tuple(prod(shape[place + 1 :]) for place in range(len(shape)))


def widened(bits: Array) -> Array:
    """bfloat16, given as its bits in uint16, as float32: its bits are the upper half of float32's."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def _read(path: Path, offset: int, dtype: str, shape: Shape, strides: Shape, count: int) -> Array:
    stored = np.dtype("<u2" if dtype == "bfloat16" else dtype).newbyteorder("<")
    if not count:
        return np.empty(shape, np.float32 if dtype == "bfloat16" else stored)
    flat = np.memmap(path, stored, "r", offset, shape=(count,))
    array = np.lib.stride_tricks.as_strided(
        flat, shape, tuple(step * stored.itemsize for step in strides), writeable=False
    )
    return widened(array) if dtype == "bfloat16" else np.asarray(array)
