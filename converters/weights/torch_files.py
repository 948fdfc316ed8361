"""What torch.save writes: today a zip archive, before torch 1.6 pickles and storages one behind the other.

In the archive `data.pkl` holds the objects, and each storage is an entry of its own. In the old form three pickles (a
magic number, a version, facts about the machine) stand before that of the objects; behind it stand the keys of the
storages in a pickle, and for each a count of 8 bytes and its numbers (torch/serialization.py, _legacy_save).
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct, field

from caffe_ir.error_kinds.weights import BEYOND_LIMITS, CUT_SHORT, FORM_NOT_READ
from converters.weights.octets import Octets
from converters.weights.pickle_operations import unpickled
from converters.weights.pickle_values import Global, Inert, name_of
from converters.weights.pickled import Names
from converters.weights.pickled_storages import Storage, storage_key
from converters.weights.tensors import WIDTHS
from converters.weights.unreadable import Unreadable
from converters.weights.zip_entries import Archive

MAGIC = 0x1950A86A20F9469CFC6C
"""The number of the first pickle in the old form."""

_VERSION = 1001
_COUNT = 8
"""Bytes of the count before a storage."""
_DEEPEST = 4
"""So many times a file may lie in a pickle of another one."""


def of_archive(archive: Archive, prefix: str) -> Any:
    """The objects of an archive whose entries begin with `prefix`. Raises Unreadable."""
    order = archive.entries.get(f"{prefix}byteorder")
    if order is not None and archive.content(order, most=16).strip() != b"little":
        raise Unreadable(
            "was written on a big-endian machine", hint="load it with torch.load and save it again", kind=FORM_NOT_READ
        )
    storages: dict[str, Octets] = {}

    def storage(key: str, dtype: str) -> Storage:
        if key not in storages:
            entry = archive.entries.get(f"{prefix}data/{key}")
            if entry is None:
                raise Unreadable(f"has no storage {key}, which its pickle needs")
            if not entry.stored:
                raise Unreadable(
                    "is a compressed archive", hint="load it with torch.load and save it again", kind=FORM_NOT_READ
                )
            storages[key] = Octets(length=entry.size, path=archive.path, offset=entry.offset)
        return Storage(storages[key], dtype)

    stream, end, path = archive.stream(archive.entries[f"{prefix}data.pkl"])
    return unpickled(stream, end, Names(storage, _of_octets), path)


def of_pickle(file: BinaryIO, end: int, path: Path | None, depth: int = 0) -> Any:
    """The object whose pickle begins where `file` stands: one of torch's old form, or any other. Raises Unreadable.

    With `path` its numbers stay there: the places in `file` are the path's.
    """
    if depth > _DEEPEST:
        raise Unreadable(f"holds files within files, more than {_DEEPEST} deep", kind=BEYOND_LIMITS)
    names = Names(_no_storage, lambda octets: _of_octets(octets, depth + 1))
    found = unpickled(file, end, names, path)
    if found != MAGIC:
        return found
    version, machine = (unpickled(file, end, names, path) for _ in range(2))
    if version != _VERSION or not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise Unreadable(
            "was written on a big-endian machine, or by no torch",
            hint="load it with torch and save it again",
            kind=FORM_NOT_READ,
        )
    begin = file.tell()
    needed = _Needed()
    unpickled(file, end, needed, path)
    keys = unpickled(file, end, names, path)
    places = _storages(file, end, path, keys, needed.types)

    def storage(key: str, dtype: str) -> Storage:
        if key not in places:
            raise Unreadable(f"has no storage {key}, which its pickle needs")
        return Storage(places[key], dtype)

    file.seek(begin)
    return unpickled(file, end, Names(storage, lambda octets: _of_octets(octets, depth + 1)), path)


def _of_octets(octets: Octets, depth: int = 1) -> Any:
    """The object of a file that lies in a pickle: torch writes a storage so into a pickle that is not its own."""
    if octets.path is not None and octets.lie_in_the_file:
        with open(octets.path, "rb") as file:
            file.seek(octets.offset)
            return of_pickle(file, octets.offset + octets.length, octets.path, depth)
    data = octets.read()
    return of_pickle(io.BytesIO(data), len(data), None, depth)


class _Needed(Struct):
    """Asks which storages a pickle needs and of which types; builds nothing. In the old form they come behind it."""

    types: dict[str, str] = field(default_factory=dict)

    def call(self, what: Global, arguments: tuple[Any, ...]) -> Any:
        return Inert(kind=str(what))

    def build(self, made: Any, state: Any) -> None:
        pass

    def persistent(self, key: Any) -> Any:
        found = storage_key(key)
        if found is not None:
            self.types.setdefault(found.key, found.dtype)
        return None


def _storages(file: BinaryIO, end: int, path: Path | None, keys: Any, types: dict[str, str]) -> dict[str, Octets]:
    """Where the numbers of each storage lie, which follow in the order of their keys."""
    if not isinstance(keys, list):
        raise Unreadable("holds a damaged pickle: there is no list of its storages")
    places: dict[str, Octets] = {}
    for one in keys:
        key = name_of(one)
        dtype = types.get(key, "")
        if not dtype:
            why = "its pickle needs none, or one of a type that is not read"
            raise Unreadable(
                f"has a storage {key} whose type is not known", why, "save the weights as float32", kind=FORM_NOT_READ
            )
        length = int.from_bytes(file.read(_COUNT), "little") * WIDTHS[dtype]
        begin = file.tell()
        if length > end - begin:
            raise Unreadable(
                f"is cut short: the storage {key} has {length:,} bytes, and {max(end - begin, 0):,} follow",
                kind=CUT_SHORT,
            )
        data = file.read(length) if path is None else None
        places[key] = Octets(length=length, path=path, offset=begin, data=data)
        file.seek(begin + length)
    return places


def _no_storage(key: str, dtype: str) -> Storage:
    raise Unreadable(f"has no storage {key}, which its pickle needs")
