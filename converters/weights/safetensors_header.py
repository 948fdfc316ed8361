"""The header of a .safetensors file, checked as the format's own library checks it (safetensors 0.8, src/tensor.rs).

The file is eight bytes with the header's length, the header, which is JSON, and the numbers. Every byte behind the
header belongs to exactly one tensor: sorted by their offsets they follow one another without a hole, each as long as
its shape and type say. The library is stricter than JSON: a number is not a float and no -0, nothing is nested deeper
than 127 levels, and a character is not a half of a surrogate pair.

Stricter than the library are: the length that is read at all; the first byte, which must be {, as the format's text
says; a name that stands there twice, of which the library keeps the last and forgets the first; and an entry spelled as
a list, or its type as a table, which no writer of the format makes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from math import isinf
from typing import Any, NoReturn

from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.weights import BEYOND_LIMITS, CUT_SHORT, DAMAGED
from converters.weights.unreadable import Unreadable

MOST_HEADER = 1 << 23
"""Bytes. The format allows 100 MB; these hold some 100,000 tensors, and whatever stands there takes less than 1 GB."""

BITS: dict[str, int] = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}
"""The types that the format has, and how many bits a number of each takes."""

_LENGTH = 8
_LARGEST = 2**64 - 1
_DEEPEST = 127
_LONGEST_WHOLE = 20
"""Digits of the largest number of 64 bits; what is longer the library reads as a float."""
_HALF_A_PAIR = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
_FIELDS = ("dtype", "shape", "data_offsets")


class Entry(Struct, frozen=True, kw_only=True):
    """A tensor of the file: its numbers are the bytes from `begin` to `end` of the file."""

    name: str
    dtype: str
    shape: Shape
    begin: int
    end: int


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with its names in order, also those that it has twice."""


def header_length(head: bytes, size: int) -> int:
    """The header's length in a file of `size` bytes that begins with `head`. Raises Unreadable."""
    if len(head) < _LENGTH:
        raise Unreadable("is shorter than the 8 bytes that a .safetensors file begins with", kind=CUT_SHORT)
    length = int.from_bytes(head[:_LENGTH], "little")
    if length > size - _LENGTH:
        raise Unreadable(
            f"is cut short: its header has {length:,} bytes, and {size - _LENGTH:,} follow", kind=CUT_SHORT
        )
    if length > MOST_HEADER:
        why = f"at most {MOST_HEADER:,} are read"
        raise Unreadable(f"has a header of {length:,} bytes", why, "divide it into several files", kind=BEYOND_LIMITS)
    return length


def entries(header: bytes, room: int) -> list[Entry]:
    """The tensors of a header, in its order; `room` bytes follow it. Raises Unreadable on the first fault."""
    found = [_entry(name, value) for name, value in _tensors(_parsed(header))]
    free = 0
    for entry in sorted(found, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != free or entry.end < entry.begin:
            raise Unreadable(
                f"has the tensor {entry.name} at the bytes {entry.begin} to {entry.end}, where {free} is the next one",
                "the tensors must follow one another, without a hole and without sharing bytes",
            )
        free = entry.end
        _check_size(entry)
    if free != room:
        short = free > room
        which = "is cut short" if short else "has bytes that belong to no tensor"
        what = f"{which}: its tensors take {free:,} bytes, and {room:,} follow the header"
        raise Unreadable(what, kind=CUT_SHORT if short else DAMAGED)
    start = _LENGTH + len(header)
    return [
        Entry(name=one.name, dtype=one.dtype, shape=one.shape, begin=start + one.begin, end=start + one.end)
        for one in found
    ]


def _parsed(header: bytes) -> _Pairs:
    try:
        text = header.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"has a header that is not UTF-8: byte {error.start} is {header[error.start]:#04x}") from None
    if not text.startswith("{"):
        raise Unreadable("has a header that does not begin with {")
    if "\\u" in text and _HALF_A_PAIR.search(text.replace("\\\\", "")):
        raise Unreadable("has half of a surrogate pair in a text of its header, which is not a character")
    try:
        found = json.loads(
            text, object_pairs_hook=_Pairs, parse_int=_whole, parse_float=_float, parse_constant=_no_number
        )
    except json.JSONDecodeError as error:
        raise Unreadable(f"has a header that is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Unreadable("has a header that is nested deeper than 127 levels") from None
    assert isinstance(found, _Pairs)
    return found


def _whole(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_WHOLE and text != "-0" else _float(text)


def _float(text: str) -> float:
    number = float(text)
    if isinf(number):
        _no_number(text[:_LONGEST_WHOLE])
    return number


def _no_number(text: str) -> NoReturn:
    raise Unreadable(f"has a header with {text}, which is not a number there")


def _tensors(header: _Pairs) -> list[tuple[str, Any]]:
    """All but the metadata, which may be texts by name. Raises Unreadable where a name stands there twice."""
    _refuse_doubles(header, "its header")
    for name, value in header:
        if name != "__metadata__" or value is None:
            continue
        if not isinstance(value, _Pairs) or not all(isinstance(text, str) for _, text in value):
            raise Unreadable("has a __metadata__ in its header that is not a table of texts")
        _refuse_doubles(value, "the __metadata__ of its header")
    return [(name, value) for name, value in header if name != "__metadata__"]


def _refuse_doubles(pairs: _Pairs, where: str) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise Unreadable(f"has {name} twice in {where}")
        seen.add(name)


def _entry(name: str, value: Any) -> Entry:
    if not isinstance(value, _Pairs):
        raise Unreadable(f"has no description of the tensor {name}", f"it needs {', '.join(_FIELDS)}")
    _refuse_doubles(value, f"the description of the tensor {name}")
    fields = dict(value)
    missing = [field for field in _FIELDS if field not in fields]
    if missing:
        raise Unreadable(f"does not say the {' and the '.join(missing)} of the tensor {name}")
    dtype, shape, offsets = (fields[field] for field in _FIELDS)
    if not isinstance(dtype, str) or dtype not in BITS:
        raise Unreadable(f"has the tensor {name} of a type that the format does not have: {_shown(dtype)}")
    if not _are_counts(shape):
        raise Unreadable(f"has the tensor {name} of the shape {_shown(shape)}", "a shape is a list of whole numbers")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise Unreadable(
            f"has the tensor {name} at the offsets {_shown(offsets)}", "they are two whole numbers, begin and end"
        )
    if any(_depth(other) > _DEEPEST - 2 for field, other in value if field not in _FIELDS):
        raise Unreadable("has a header that is nested deeper than 127 levels")
    return Entry(name=name, dtype=dtype, shape=tuple(shape), begin=offsets[0], end=offsets[1])


def _are_counts(value: Any) -> bool:
    return type(value) is list and all(type(one) is int and 0 <= one <= _LARGEST for one in value)


def _check_size(entry: Entry) -> None:
    """Raise Unreadable unless the entry is as long as its shape and type say, multiplied as 64 bits can be."""
    bits = 1
    for factor in (*entry.shape, BITS[entry.dtype]):
        bits *= factor
        if bits > _LARGEST:
            raise Unreadable(f"has the tensor {entry.name} of {entry.dtype} {list(entry.shape)}, which no memory holds")
    if bits % 8:
        raise Unreadable(f"has the tensor {entry.name} of {entry.dtype} {list(entry.shape)}: no whole number of bytes")
    if bits // 8 != entry.end - entry.begin:
        raise Unreadable(
            f"has {entry.end - entry.begin:,} bytes for the tensor {entry.name}",
            f"{entry.dtype} {list(entry.shape)} takes {bits // 8:,}",
        )


def _depth(value: Any) -> int:
    """How many lists and tables lie in one another."""
    level: Sequence[Any] = [value]
    depth = 0
    while level := [one for one in level if isinstance(one, list)]:
        level = [inner for one in level for inner in (map(_second, one) if isinstance(one, _Pairs) else one)]
        depth += 1
    return depth


def _second(pair: tuple[str, Any]) -> Any:
    return pair[1]


def _shown(value: Any) -> str:
    """A value of the header as JSON spells it, not longer than a line."""
    if _depth(value) > 2:
        return "a nest of lists"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
