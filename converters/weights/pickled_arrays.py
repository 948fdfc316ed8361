"""Types and arrays of NumPy as pickles hold them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeVar

from msgspec import Struct

from converters.weights.octets import Octets
from converters.weights.pickle_values import name_of
from converters.weights.tensors import WIDTHS, Tensor, check_shape, column_major, tensor_of
from converters.weights.unreadable import Unreadable

NUMPY_TYPES: dict[str, str] = {
    "f4": "float32",
    "f8": "float64",
    "f2": "float16",
    "i8": "int64",
    "i4": "int32",
    "i2": "int16",
    "i1": "int8",
    "u8": "uint64",
    "u4": "uint32",
    "u2": "uint16",
    "u1": "uint8",
    "b1": "bool",
    "c8": "complex64",
    "c16": "complex128",
}
"""The types of NumPy that are read, as its files spell them."""


T = TypeVar("T")


class NumpyType(Struct, eq=False):
    """numpy.dtype as a pickle builds it: its code without the order of bytes, which comes later."""

    code: str
    order: str = "="

    @property
    def name(self) -> str:
        """Ours for it; empty where its numbers are not read."""
        return NUMPY_TYPES.get(self.code, "") if self.order != ">" or self.code[-1:] == "1" else ""


class NumpyArray(Struct, eq=False):
    """numpy.ndarray as a pickle builds it: first empty, then with what it holds, a tensor or objects."""

    tensor: Tensor | None = None
    objects: Sequence[Any] = ()
    dtype: str = "object"


def numpy_type(code: Any, *_: Any) -> NumpyType:
    """numpy.dtype(code), as `<f4` and the like say it."""
    text = text_of(code)
    return NumpyType(text[1:], text[0]) if text[:1] in ("<", ">", "|", "=") else NumpyType(text)


def empty_array(*_: Any) -> NumpyArray:
    """An array before its state: numpy.core.multiarray._reconstruct."""
    return NumpyArray()


def array_of_buffer(data: Any, kind: Any, shape: Any, order: Any) -> NumpyArray:
    """numpy.core.numeric._frombuffer: data, type, shape and order at once. Raises Unreadable."""
    made = NumpyArray()
    fill(made, (1, shape, kind, text_of(order) == "F", data))
    return made


def fill(made: NumpyArray, state: Any) -> None:
    """Give an array the state that numpy.ndarray.__setstate__ takes; the oldest has no version before it.

    Raises Unreadable."""
    state = instance(tuple, state)
    if len(state) not in (4, 5):
        raise Unreadable(f"holds a damaged pickle: an array of NumPy is given {len(state)} parts")
    shape, kind, fortran, data = state[-4:]
    kind, shape = instance(NumpyType, kind), (shape,) if type(shape) is int else instance(tuple, shape)
    if isinstance(data, list | tuple):
        made.objects = data
        return
    made.dtype = kind.name or f"{kind.order}{kind.code}"
    if not kind.name:
        return
    octets = instance(Octets, data)
    check_shape(shape, WIDTHS[kind.name])
    if octets.length != prod(shape) * WIDTHS[kind.name]:
        raise Unreadable(f"has an array of the shape {shape} and the type {kind.name} with {octets.length:,} bytes")
    made.tensor = tensor_of(octets, kind.name, shape, column_major(shape) if fortran else None)


def instance(kind: type[T], value: Any) -> T:
    """The value, which must be of that class. Raises Unreadable."""
    if not isinstance(value, kind):
        raise Unreadable(f"holds a damaged pickle: {name_of(value)} stands where a {kind.__name__} belongs")
    return value


def text_of(value: Any) -> str:
    """A short text that a pickle may hold as text, bytes or number; empty for anything else."""
    return name_of(value) if isinstance(value, str | Octets | int) else ""
