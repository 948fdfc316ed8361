"""Numbers of a prototxt: float32 in Caffe, and in its text the shortest decimals that mean the same float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")


class Float32(float):
    """The float32 next to a number; it is shown as the text of a prototxt has it: 0.1, not 0.10000000149011612."""

    __slots__ = ()

    def __new__(cls, value: float) -> Self:
        with np.errstate(over="ignore"):  # what is too large is infinite, as it is to Caffe
            return super().__new__(cls, np.float32(value))

    def __repr__(self) -> str:
        return repr(float(str(np.float32(self))))


def in_float32(value: T) -> T:
    """The value of a field as Caffe has it: floats, also those of a tuple, as their float32."""
    if isinstance(value, tuple):
        return tuple(map(in_float32, value))  # type: ignore[return-value]
    return Float32(value) if isinstance(value, float) else value  # type: ignore[return-value]
