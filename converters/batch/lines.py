"""The line of every table and key of a TOML text, which the parsers of Python's library do not tell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Path = tuple[str, ...]


def lines_of(text: str) -> dict[Path, int]:
    """The first line, from 1 on, of each table and each key of a valid TOML text, by its path of names.

    A statement ends with the first line at which the parser takes it as complete: a string or an array that is still
    open is an error to it (toml.io/en/v1.0.0#spec), so nothing can end too early.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    for line, statement in _statements(text):
        for path in _paths(tomllib.loads(statement)):
            if statement.lstrip().startswith("["):
                table = path
                found.setdefault(path, line)
            else:
                found.setdefault((*table, *path), line)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    begin, held = 0, ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not held and (not line.strip() or line.lstrip().startswith("#")):
            continue
        begin, held = (begin, f"{held}\n{line}") if held else (number, line)
        try:
            tomllib.loads(held)
        except tomllib.TOMLDecodeError:
            continue
        yield begin, held
        held = ""


def _paths(read: dict[str, Any], above: Path = ()) -> Iterator[Path]:
    """The path that one statement names: down through tables that hold one table and nothing else."""
    for name, value in read.items():
        inner = value[0] if isinstance(value, list) and value == [{}] else value
        if isinstance(inner, dict) and len(inner) == 1:
            yield (*above, name)
            yield from _paths(inner, (*above, name))
        else:
            yield (*above, name)
