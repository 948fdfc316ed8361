"""The numbers in an archive that torch does not check: lengths, counts, sizes and places.

torch's machine for pickles in C++ reserves what the length of a text says, however few bytes follow, and takes the
texts of a source position by numbers that may lie outside of their table; `bytearray(n)` and strides of 0 make
gigabytes of nothing. So each pickle is first read by a machine that allocates nothing (converters/weights), and each
tensor must find its numbers in its storage.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from converters.pytorch.open.zip_archive import zip_archive
from converters.weights.octets import Octets
from converters.weights.pickle_machine import Machine
from converters.weights.pickle_operations import OPERATIONS
from converters.weights.pickle_values import Global, Inert
from converters.weights.pickled import Names
from converters.weights.pickled_storages import Storage
from converters.weights.tensors import tensor_of
from converters.weights.unreadable import Unreadable

Sizes = Callable[[str], int | None]
"""Bytes of a storage by its key; None where there is none."""

DTYPES: Mapping[int, str] = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    29: "float8_e4m3fn",
    30: "float8_e5m2",
    31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz",
    33: "float8_e8m0fnu",
    34: "uint32",
    35: "uint64",
}
"""torch/_export/serde/schema.py, ScalarType."""

_WITH_TABLE = "FORMAT_WITH_STRING_TABLE"
_NO_POSITIONS = "holds places in sources that are not there"


class _Modest(Names):
    """The meaning of a pickle's names where a few bytes make no more than there are."""

    def __init__(self, sizes: Sizes) -> None:
        def stored(key: str, dtype: str) -> Storage:
            length = sizes(key)
            if length is None:
                raise Unreadable(f"has no storage {key}, which its pickle needs")
            return Storage(Octets(length=length), dtype)

        super().__init__(stored, lambda octets: Inert(kind="a file within the file"))

    def call(self, what: Global, arguments: tuple[Any, ...]) -> Any:
        if what.name in ("bytearray", "bytes") and any(isinstance(one, int) for one in arguments):
            raise Unreadable(f"makes {what.name} of a length alone")
        return super().call(what, arguments)


def checked_pickle(content: bytes, sizes: Sizes) -> Any:
    """What a pickle holds, its tensors without their numbers. Raises Unreadable where it is not as torch writes it."""
    machine = Machine(io.BytesIO(content), len(content), _Modest(sizes), None)
    found = machine.run(OPERATIONS)
    if (highest := max(machine.memo, default=0)) > len(content):  # torch keeps a row as long as the highest one
        raise Unreadable(f"holds a damaged pickle: it keeps something as {highest:,}")
    return found


def check_saved(content: bytes) -> None:
    """Raise Unreadable, Damaged or Ambiguous where what torch.save wrote is not as it writes it."""
    archive = zip_archive(io.BytesIO(content))
    folder = next((name.removesuffix("data.pkl") for name in archive.entries if name.endswith("/data.pkl")), None)
    if folder is None:
        raise Unreadable("has no pickle")
    checked_pickle(archive.read(f"{folder}data.pkl"), lambda key: archive.size(f"{folder}data/{key}"))


def check_positions(found: Any) -> None:
    """Raise Unreadable where what a .debug_pkl holds, places in Python's sources, has texts that are not there.

    Each is (place in the program, (source, begin, end), tag). A source is (numbers of the texts that make it, number of
    its file's name, line), with a table of texts before; up to torch 1.9 it is (text, file's name, line).
    (torch/csrc/jit/serialization/source_range_serialization.cpp)
    """
    texts: tuple[Any, ...] | None = None
    if isinstance(found, tuple) and found[:1] == (_WITH_TABLE,):
        texts, found = found[1:] if len(found) == 3 else (None, None)
        if not isinstance(texts, tuple) or not all(isinstance(one, str) for one in texts):
            raise Unreadable(_NO_POSITIONS)
    if not isinstance(found, tuple):
        raise Unreadable(_NO_POSITIONS)
    known = set[int]()
    for one in found:
        match one:
            case (int(), (tuple() as source, int(), int()), *_):
                if id(source) not in known and not _is_source(source, texts):
                    raise Unreadable(_NO_POSITIONS)
                known.add(id(source))
            case _:
                raise Unreadable(_NO_POSITIONS)


def _is_source(source: tuple[Any, ...], texts: tuple[str, ...] | None) -> bool:
    match source:
        case (str(), str() | None, int()):
            return texts is None
        case (Inert(arguments=(list(pieces),)), int(name), int()):
            count = len(texts or ())
            return all(isinstance(one, int) and 0 <= one < count for one in (*pieces, name))
    return False


def check_stored(name: str, meta: Mapping[str, Any], size: int | None) -> None:
    """Raise Unreadable where a tensor needs more than the `size` bytes of its entry. `meta` is as torch's schema is."""
    dtype = DTYPES.get(meta.get("dtype", 0))
    if size is None or dtype is None:
        raise Unreadable(f"has no entry for {name}" if size is None else f"has no type of numbers for {name}")
    shape, strides = (tuple(_whole(one) for one in meta.get(key, ())) for key in ("sizes", "strides"))
    try:
        tensor_of(Octets(length=size), dtype, shape, strides, _whole(meta.get("storage_offset", {})))
    except Unreadable as error:
        raise Unreadable(f"{error.what}: {name}", error.why) from None


def _whole(size: Mapping[str, Any]) -> Any:
    """A size in torch's schema; one that is not a number is not one of a weight."""
    return size.get("as_int")
