"""The header of an array as NumPy writes it to .npy (numpy/lib/format.py), read by a grammar of its own.

NumPy's reader evaluates the header as Python, which a nest of brackets makes fail in many ways; the grammar here is as
wide as what numpy.save writes, that of Python 2 included.
"""

from __future__ import annotations

import re
from typing import IO

from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.weights import BEYOND_LIMITS, CUT_SHORT
from caffe_ir.file_kinds import NUMPY_SIGNATURE
from converters.weights.pickled_arrays import NUMPY_TYPES
from converters.weights.tensors import WIDTHS, check_shape, column_major
from converters.weights.unreadable import Unreadable

MOST_HEADER = 10_000
"""Bytes; NumPy itself reads no more."""

_FIELD = re.compile(
    r"""\s*(?:'(?P<name>\w+)'|"(?P<name_>\w+)")\s*:\s*(?:"""
    r"""'(?P<text>[^'\\]*)'|"(?P<text_>[^"\\]*)"|(?P<flag>True|False)|\((?P<sizes>[\dL,\s]*)\))\s*(?:,|$)"""
)
_SIZES = re.compile(r"\s*(?:(?:(?:0|[1-9]\d{0,18})L?\s*,\s*)+(?:(?:0|[1-9]\d{0,18})L?\s*)?)?")
_NAMES = {"descr", "fortran_order", "shape"}


class ArrayHeader(Struct, frozen=True, kw_only=True):
    """What a header says; `dtype` is empty where the numbers are of a type that is not read, `code` is NumPy's name."""

    shape: Shape
    strides: Shape | None
    dtype: str
    code: str

    @property
    def is_object(self) -> bool:
        """Whether a pickle follows, instead of numbers."""
        return self.code.lstrip("|") == "O"


def array_header(file: IO[bytes]) -> ArrayHeader:
    """The header that begins where `file` stands, which has the array behind it afterwards. Raises Unreadable."""
    head = file.read(len(NUMPY_SIGNATURE) + 2)
    if len(head) < len(NUMPY_SIGNATURE) + 2 or not head.startswith(NUMPY_SIGNATURE):
        raise Unreadable("does not begin as an array of NumPy")
    version = head[len(NUMPY_SIGNATURE)]
    if not 1 <= version <= 3:
        raise Unreadable(f"is an array of NumPy in version {version} of its format", "1 to 3 are known")
    width = 2 if version == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    if length > MOST_HEADER:
        raise Unreadable(f"has a header of {length:,} bytes", f"at most {MOST_HEADER:,} are read", kind=BEYOND_LIMITS)
    text = file.read(length)
    if len(text) < length:
        raise Unreadable("is cut short: its header has no end", kind=CUT_SHORT)
    return _parsed(text.decode("utf-8" if version == 3 else "latin1", "replace").strip())


def _parsed(text: str) -> ArrayHeader:
    fields: dict[str, re.Match[str]] = {}
    inside = text[1:-1].rstrip() if text.startswith("{") and text.endswith("}") else ""
    place = 0
    while place < len(inside) and (field := _FIELD.match(inside, place)):
        fields[field["name"] or field["name_"]] = field
        place = field.end()
    if fields.keys() != _NAMES or place < len(inside):
        raise _damaged(text)
    descr, order, shape = (fields[name] for name in ("descr", "fortran_order", "shape"))
    code = descr["text"] if descr["text"] is not None else descr["text_"]
    sizes = shape["sizes"]
    if code is None or order["flag"] is None or sizes is None or not _SIZES.fullmatch(sizes):
        raise _damaged(text)
    dtype = _type_of(code)
    found = tuple(int(size.strip().rstrip("L")) for size in sizes.split(",") if size.strip())
    check_shape(found, WIDTHS.get(dtype, 1))
    strides = column_major(found) if order["flag"] == "True" else None
    return ArrayHeader(shape=found, strides=strides, dtype=dtype, code=code)


def _type_of(code: str) -> str:
    order, bare = (code[0], code[1:]) if code[:1] in ("<", ">", "|", "=") else ("=", code)
    return "" if order == ">" and not bare.endswith("1") else NUMPY_TYPES.get(bare, "")


def _damaged(text: str) -> Unreadable:
    shown = text if len(text) <= 100 else f"{text[:97]}..."
    return Unreadable("has a header that NumPy does not write", shown)
