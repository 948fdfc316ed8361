"""The line of every table and key of a TOML text, which the parsers of Python's library do not give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from caffe_ir.toml import parsed

Path = tuple[str, ...]

_TOKEN = re.compile(
    r'"""(?:[^"\\]+|\\.|"(?!""))*"{3,5}'  # strings of several lines may end in quotes of their own
    r"|'''(?:[^']+|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]+|\\.)*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)
"""What may hold an end of a line that ends no statement, and what opens and closes lists and tables."""


def lines_of(text: str) -> dict[Path, int]:
    """The first line, from 1 on, of each table and each key of a valid TOML text, by its path of names."""
    found: dict[Path, int] = {}
    table: Path = ()
    for line, statement in _statements(text.replace("\r\n", "\n")):
        for path in _paths(parsed(statement)):
            if statement.lstrip().startswith("["):
                table = path
                found.setdefault(path, line)
            else:
                found.setdefault((*table, *path), line)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with the line where it begins: it ends with the first line at whose end no list is open."""
    begin, line, following, depth = 0, 1, 1, 0
    for token in _TOKEN.finditer(text + "\n"):
        following += token[0].count("\n")
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
        if token[0] == "\n" and depth == 0:
            if (statement := text[begin : token.start()]).strip():
                yield line, statement
            begin, line = token.end(), following


def _paths(read: dict[str, Any], above: Path = ()) -> Iterator[Path]:
    """The path that one statement names: down through tables that hold one table and nothing else."""
    for name, value in read.items():
        inner = value[0] if isinstance(value, list) and value == [{}] else value
        if isinstance(inner, dict) and len(inner) == 1:
            yield (*above, name)
            yield from _paths(inner, (*above, name))
        else:
            yield (*above, name)
