"""Options as a manifest and the comment of a prototxt state them: by name, in TOML's own types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from converters.options.argument import arguments_of
from converters.options.declared import Declared, Kind, declared, size_of, texts

Options = TypeVar("Options", bound=Struct)

_WANTED: dict[Kind, str] = {
    "text": "a string",
    "texts": "a string or a list of strings",
    "flag": "true or false",
    "count": "a whole number of at least {}",
    "number": "a number above 0",
    "path": "a string, the path of a file",
    "paths": "a string or a list of strings, the paths of files",
    "size": 'a string like "416x416" (height x width)',
    "table": "a table of strings, numbers, booleans and lists",
}


def wanted(one: Declared) -> str:
    """What the value of an option has to be, in words."""
    return _WANTED[one.kind].format(_least(one))


def _least(one: Declared) -> int:
    return 1 if one.option.least is None else one.option.least


def refusal(one: Declared, value: object) -> str:
    """Why a value that is stated is none that an option may have; empty where it may."""
    grammar = one.option.grammar
    if not _fits(one.kind, value, _least(one)):
        return f"it must be {wanted(one)}, not {_spelled(value)}"
    if not one.choices or all(each in one.choices for each in (value if isinstance(value, list) else [value])):
        return ""
    if grammar is None or not isinstance(value, str):
        return f"{_spelled(value)} is not one of {', '.join(map(str, one.choices))}"
    try:
        grammar(value)
    except ValueError as error:
        return str(error)
    return ""


def _fits(kind: Kind, value: object, least: int) -> bool:
    if kind in ("text", "path"):
        return isinstance(value, str) and value != ""
    if kind in ("texts", "paths"):
        several = value if isinstance(value, list) else [value]
        return bool(several) and all(isinstance(one, str) and one for one in several)
    if kind in ("flag", "table"):
        return isinstance(value, bool) if kind == "flag" else isinstance(value, dict) and _is_plain(value)
    if kind == "size":
        return isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,8}[xX][1-9][0-9]{0,8}", value) is not None
    number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return (isinstance(value, int) and not isinstance(value, bool) and value >= least) if kind == "count" else number


def _spelled(value: object) -> str:
    """A value as the manifest spells it, near enough to be found again."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _is_plain(value: object) -> bool:
    """Whether a value of TOML is one that travels as JSON too, as dates and times do not."""
    if isinstance(value, dict | list):
        return all(map(_is_plain, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str | bool | int | float)


def filled(kind: type[Options], told: Mapping[str, Any]) -> Options:
    """The struct with what a manifest says, whose values fit their kinds; keys of other structs are left aside."""
    known = {one.name: one for one in declared(kind)}
    return kind(**{key: _value(known[key].kind, value) for key, value in told.items() if key in known})


def _value(kind: Kind, value: Any) -> Any:
    if kind == "texts":
        return (value,) if isinstance(value, str) else tuple(value)
    if kind == "paths":
        return tuple(map(Path, (value,) if isinstance(value, str) else value))
    if kind == "path":
        return Path(value)
    return size_of(value) if kind == "size" else value


def without_folders(options: Options) -> Options:
    """The same options, files by their names alone."""
    return replace(
        options,
        **{
            one.name: Path(value.name) if one.kind == "path" else tuple(Path(path.name) for path in value)
            for one in declared(type(options))
            if one.kind in ("path", "paths") and (value := getattr(options, one.name))
        },
    )


def stated(options: Struct) -> dict[str, Any]:
    """What `recovered` makes the same options of, files by their names alone; nothing for what is at its default.

    A table is a list of KEY=VALUE here: TOML has no word for None, nor for tuples.
    """
    bare = without_folders(options)
    return {
        one.name: _stated(one.kind, value)
        for one in declared(type(options))
        if (value := getattr(bare, one.name)) != one.default
    }


def _stated(kind: Kind, value: Any) -> Any:
    if kind in ("flag", "count", "number"):
        return value
    told = list(texts(kind, value))
    return told if kind in ("texts", "paths", "table") else told[0]


def recovered(kind: type[Options], told: Mapping[str, Any]) -> Options:
    """The options that `stated` was given; keys of other structs are left aside.

    Raises ValueError for values that cannot be theirs: a file may say anything.
    """
    known = {one.name: one for one in declared(kind)}
    given = {key: value for key, value in told.items() if key in known}
    for key, value in given.items():
        one = known[key]
        if why := refusal(replace(one, kind="texts") if one.kind == "table" else one, value):
            raise ValueError(f"{key}: {why}")
    tables = {key: arguments_of(given.pop(key)) for key in list(given) if known[key].kind == "table"}
    return replace(filled(kind, given), **tables)
