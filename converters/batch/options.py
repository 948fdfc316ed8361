"""What a manifest may say of a model: the options of the convert commands, by name, with their types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from converters.batch.job import Source
from converters.options import (
    CaffeOptions,
    DarknetOptions,
    Kind,
    OutputOptions,
    PyTorchOptions,
    VerifyOptions,
    declared,
)

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


class Option(Struct, frozen=True, kw_only=True):
    """One key: what it holds, which sources it is for, and whether it belongs to one model and to no defaults."""

    kind: Kind
    choices: tuple[Any, ...] = ()
    grammar: Callable[[str], object] | None = None
    least: int = 1
    sources: tuple[Source, ...] = ("darknet", "pytorch")
    own: bool = False


_BOTH: tuple[Source, ...] = ("darknet", "pytorch")
_DARKNET: tuple[Source, ...] = ("darknet",)
_PYTORCH: tuple[Source, ...] = ("pytorch",)


def _declared(kind: type[Struct], sources: tuple[Source, ...]) -> dict[str, Option]:
    """The keys that are options of the convert commands."""
    return {
        one.name: Option(
            kind=one.kind,
            choices=one.choices,
            grammar=one.option.grammar,
            least=1 if one.option.least is None else one.option.least,
            sources=tuple(source for source in sources if source in one.option.sources),
            own=one.option.own,
        )
        for one in declared(kind)
        if one.option.in_manifest
    }


OPTIONS: dict[str, Option] = {
    "source": Option(kind="text", choices=_BOTH),
    **_declared(CaffeOptions, _BOTH),
    "target": Option(kind="texts"),
    "output": Option(kind="text"),
    **_declared(OutputOptions, _BOTH),
    **_declared(VerifyOptions, _BOTH),
    "cfg": Option(kind="path", sources=_DARKNET, own=True),
    **_declared(DarknetOptions, _DARKNET),
    "model": Option(kind="path", sources=_PYTORCH, own=True),
    "factory": Option(kind="text", sources=_PYTORCH, own=True),
    **_declared(PyTorchOptions, _PYTORCH),
    "weights": Option(kind="path", own=True),
}
"""Every key that [defaults] and the tables of the models may have."""

REQUIRED: dict[Source, tuple[tuple[str, ...], ...]] = {
    "darknet": (("cfg",), ("weights",)),
    "pytorch": (("model", "factory"),),
}
"""What a model of a source cannot be without; of the keys of one group it has exactly one."""


def source_of(options: Mapping[str, Any]) -> Source | None:
    """The source that a model says, or the one that its files belong to; None where it has none of them."""
    for source, groups in REQUIRED.items():
        if options.get("source") == source:
            return source
        if "source" not in options and any(key in options for key in groups[0]):
            return source
    return None


def refusal(option: Option, value: object) -> str:
    """Why a value is none that the option may have; empty where it may."""
    if not _fits(option.kind, value, option.least):
        return f"it must be {_WANTED[option.kind].format(option.least)}, not {_spelled(value)}"
    if not option.choices or value in option.choices:
        return ""
    if option.grammar is None or not isinstance(value, str):
        return f"{_spelled(value)} is none of {', '.join(map(str, option.choices))}"
    try:
        option.grammar(value)
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


def _is_plain(value: object) -> bool:
    """Whether a value of TOML is one that travels as JSON too, as dates and times do not."""
    if isinstance(value, dict | list):
        return all(map(_is_plain, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str | bool | int | float)


def _spelled(value: object) -> str:
    """A value as the manifest spells it, near enough to be found again."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    return f'"{value}"' if isinstance(value, str) else str(value)
