"""Storages of torch as pickles refer to them: numbers in a row, by a key."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from caffe_ir.error_kinds.weights import FORM_NOT_READ
from converters.weights.octets import Octets
from converters.weights.pickle_values import Global, name_of
from converters.weights.pickled_arrays import (
    text_of,
)
from converters.weights.tensors import WIDTHS
from converters.weights.unreadable import Unreadable

STORAGES: dict[str, str] = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "UntypedStorage": "uint8",
}


class Storage(Struct, frozen=True, eq=False):
    """Numbers in a row, all of one type."""

    octets: Octets
    dtype: str

    @property
    def count(self) -> int:
        return self.octets.length // WIDTHS[self.dtype]


class StorageKey(Struct, frozen=True, kw_only=True):
    """A storage as a pickle refers to it; `dtype` is empty where the numbers of its class `kind` are not read."""

    key: str
    kind: str
    dtype: str
    count: int


def storage_key(reference: Any) -> StorageKey | None:
    """What a persistent id of torch refers to; None for a class. Raises Unreadable where it is neither."""
    if not isinstance(reference, tuple) or len(reference) < 2:
        raise Unreadable("holds a damaged pickle: a storage has no key")
    what = text_of(reference[0])
    if what == "module":
        return None
    if what != "storage" or len(reference) < 5 or type(reference[4]) is not int:
        raise Unreadable(f"holds a damaged pickle: there is no storage {name_of(reference)}")
    if len(reference) > 5 and reference[5] is not None:
        raise Unreadable(
            "holds a part of a storage, as torch wrote it before 0.4",
            hint="save it again with torch",
            kind=FORM_NOT_READ,
        )
    kind = reference[1]
    known = isinstance(kind, Global) and kind.module in ("torch", "torch.storage")
    dtype = STORAGES.get(kind.name, "") if known else ""
    return StorageKey(key=text_of(reference[2]), kind=name_of(kind), dtype=dtype, count=reference[4])
