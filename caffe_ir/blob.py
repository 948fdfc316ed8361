"""The weights of a layer: a shape, and a way to the numbers that reads nothing before it is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Shape = tuple[int, ...]
Array = npt.NDArray[Any]

_READ_AT_ONCE = 1 << 14
"""Up to so many values it costs less to read them than to map their file."""


class FileSpan(Struct, frozen=True, kw_only=True):
    """Where the very bytes of a blob lie: little-endian float32, contiguous, from `offset` on."""

    path: Path
    offset: int


class Blob(Struct, frozen=True, kw_only=True, eq=False):
    """Weights of `shape`; `load()` gives them as float32 or float64.

    float64 stands for numbers that a pass computed: they are rounded to float32 once, when they are written.
    `span` is set where the bytes of a file are the blob as it is, so that a writer can copy them unseen.
    """

    shape: Shape
    load: Callable[[], Array]
    span: FileSpan | None = None

    @staticmethod
    def of(array: npt.ArrayLike) -> Blob:
        """A blob that holds `array`; anything but float64 and float32 becomes float32."""
        values = np.asarray(array)
        if values.dtype != np.float64:
            values = values.astype(np.float32, copy=False)
        return Blob(shape=values.shape, load=lambda: values)

    @staticmethod
    def mapped(path: str | Path, offset: int, shape: Shape) -> Blob:
        """Weights as they lie in a file from byte `offset` on: little-endian float32, row-major; not read yet."""
        span = FileSpan(path=path if isinstance(path, Path) else Path(path), offset=offset)
        return Blob(shape=shape, load=partial(_map, span, shape), span=span)

    @staticmethod
    def of_zeros(shape: Shape) -> Blob:
        """Weights that are all zero, made when asked for."""
        return Blob(shape=shape, load=partial(np.zeros, shape, np.float32))

    @staticmethod
    def computed(shape: Shape, compute: Callable[[], Array]) -> Blob:
        """Weights made when they are asked for, so that only one layer's lie in memory at a time."""
        return Blob(shape=shape, load=compute)

    @property
    def count(self) -> int:
        """The number of values: 1 for a blob without axes."""
        return prod(self.shape)

    def reshaped(self, shape: Shape) -> Blob:
        """The same numbers in the same order under another shape, still where they lie."""
        if prod(shape) != self.count:
            raise ValueError(f"{self.count} values do not fill the shape {shape}")
        load = self.load
        return Blob(shape=shape, load=lambda: load().reshape(shape), span=self.span)

    def __repr__(self) -> str:
        return f"Blob{self.shape}"


def _map(span: FileSpan, shape: Shape) -> Array:
    if (count := prod(shape)) <= _READ_AT_ONCE:
        return np.fromfile(span.path, "<f4", count, offset=span.offset).reshape(shape)
    return np.memmap(span.path, np.dtype("<f4"), "r", span.offset, shape=shape or (1,)).reshape(shape)
