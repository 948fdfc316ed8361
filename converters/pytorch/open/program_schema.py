"""The texts of a saved program, each with its place in torch's own schema of what is read (torch/_export/serde)."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct
from torch._export.serde import schema
from torch._export.serde.union import _Union

DEEPEST = 200


class Text(Struct, frozen=True):
    """A text, a value or a key of a dict, at `field` as in `Argument.as_string`, in a thing that is at `around`."""

    field: str
    around: str
    text: str


class Unlike(Exception):
    """Something in a program is not what torch's schema says; the message names the field."""


def texts_of(name: str, data: object) -> list[Text]:
    """All texts of a thing that the schema has under `name`, as torch reads it: what it does not know is passed over.

    Raises Unlike.
    """
    kind = getattr(schema, name, None)
    if kind is None:
        raise Unlike(f"this torch knows no {name}")
    found: list[Text] = []
    _collect(kind, data, (name, ""), found, 0)
    return found


def _collect(kind: Any, data: Any, place: tuple[str, str], found: list[Text], depth: int) -> None:
    """Add the texts of `data`; `place` is its field, and the field around that."""
    if depth > DEEPEST:
        raise Unlike("it nests too deep")
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        _collect_fields(kind, data, place[0], found, depth)
        return
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if data is not None:
            (only,) = [one for one in inner if one is not type(None)]
            _collect(only, data, place, found, depth)
    elif origin is list:
        for item in _checked(data, list, place[0]):
            _collect(inner[0], item, place, found, depth + 1)
    elif origin is dict:
        for key, value in _checked(data, dict, place[0]).items():
            found.append(Text(place[0], place[1], key))
            _collect(inner[1], value, place, found, depth + 1)
    elif kind is str:
        found.append(Text(place[0], place[1], _checked(data, str, place[0])))
    elif kind is float:
        if data not in ("Infinity", "-Infinity", "NaN"):
            _checked(data, (int, float), place[0])
    else:
        _checked(data, int if issubclass(kind, enum.Enum) else kind, place[0])


def _collect_fields(kind: type, data: Any, around: str, found: list[Text], depth: int) -> None:
    fields = _fields(kind)
    given: dict[str, Any] = _checked(data, dict, kind.__name__)
    if issubclass(kind, _Union) and (len(given) != 1 or not given.keys() <= fields.keys()):
        raise Unlike(f"{kind.__name__} is not one of {', '.join(fields)}")
    for name, value in given.items():
        if name in fields:
            _collect(fields[name], value, (f"{kind.__name__}.{name}", around), found, depth + 1)


@cache
def _fields(kind: type) -> Mapping[str, Any]:
    hints = typing.get_type_hints(kind, globalns=vars(schema))
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _checked(data: Any, kind: type | tuple[type, ...], field: str) -> Any:
    if not isinstance(data, kind):
        raise Unlike(f"{field} is of type {type(data).__name__}")
    return data
