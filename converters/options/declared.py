"""An option is a field of a struct, with what its type does not say in its `Annotated`; this reads such structs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Struct

from converters.options.argument import texts_of

Size = tuple[int, int]
"""Height and width."""
Kind = Literal["flag", "count", "number", "text", "texts", "path", "paths", "size", "table"]
Source = Literal["darknet", "pytorch", "caffe"]

_KINDS: dict[Any, Kind] = {
    bool: "flag",
    int: "count",
    int | None: "count",
    str: "text",
    str | None: "text",
    float | None: "number",
    tuple[str, ...]: "texts",
    Path | None: "path",
    tuple[Path, ...]: "paths",
    Size | None: "size",
    Mapping[str, Any]: "table",
}


class Option(Struct, frozen=True, kw_only=True):
    """What is said of an option besides its name, type and default."""

    help: str
    flag: str = ""
    """As the command line spells it, where that is not the field's name with dashes."""
    short: str = ""
    metavar: str | None = None
    choices: tuple[Any, ...] = ()
    """Where they are not a Literal."""
    grammar: Callable[[str], object] | None = None
    """Of a text that may be more than its choices: raises ValueError with what is wrong."""
    least: int | None = None
    listed: bool = False
    """Several texts may stand in one on the command line, with commas between them."""
    sources: tuple[Source, ...] = ("darknet", "pytorch", "caffe")
    """Whose models it is for, in a struct that both have."""
    own: bool = False
    """It belongs to one model, so that it cannot be a default of a manifest."""
    in_manifest: bool = True
    manifest_default: Any = None
    """The default of a manifest, where it is another one than that of the commands."""
    from_file: bool = True
    """`convert verify` may take it from the comment of a prototxt, which anybody may have written."""


class Declared(Struct, frozen=True, kw_only=True):
    """A field of a struct of options, read."""

    name: str
    kind: Kind
    choices: tuple[Any, ...]
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        return self.option.flag or "--" + self.name.replace("_", "-")


@cache
def declared(kind: type[Struct]) -> tuple[Declared, ...]:
    """The options that a struct declares, in its order, and behind them those of the struct that it is made of."""
    hints, usual = get_type_hints(kind, include_extras=True), kind()
    names = sorted(kind.__struct_fields__, key=lambda name: name not in kind.__annotations__)
    return tuple(_read(name, hints[name], getattr(usual, name)) for name in names)


def _read(name: str, hint: Any, default: Any) -> Declared:
    assert get_origin(hint) is Annotated, f"{name} says nothing for --help"
    plain, option = get_args(hint)
    literal = _literal(plain)
    kind = "text" if literal else _KINDS[plain]
    return Declared(name=name, kind=kind, choices=literal or option.choices, default=default, option=option)


def _literal(plain: Any) -> tuple[str, ...]:
    """The values of a Literal, which may be optional; nothing where it is none."""
    found = [one for one in (plain, *get_args(plain)) if get_origin(one) is Literal]
    return get_args(found[0]) if found else ()


def size_of(text: str) -> Size:
    """HxW as (height, width). Raises ValueError."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ValueError(f"{text!r} is not HxW, for example 416x416")
    return int(parts[0]), int(parts[1])


def spelled(options: Struct, without: Collection[str] = ()) -> list[str]:
    """The words of a command line that say the same; nothing for what is at its default, or `without` which it is."""
    words = []
    for one in declared(type(options)):
        value, flag = getattr(options, one.name), one.flag
        if value == one.default or one.name in without:
            continue
        words += [flag] if one.kind == "flag" else [part for text in texts(one.kind, value) for part in (flag, text)]
    return words


def texts(kind: Kind, value: Any) -> Iterator[str]:
    """What is typed for a value, once for each time that the flag is given."""
    if kind == "table":
        yield from texts_of(value)
    elif kind == "size":
        yield f"{value[0]}x{value[1]}"
    else:
        yield from map(str, value if isinstance(value, tuple) else (value,))
