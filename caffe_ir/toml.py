"""TOML as its specification has it (toml.io/en/v1.0.0), with one exception for everything that is none."""

from __future__ import annotations

import re
import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST_TOML = 8 << 20
"""Bytes of a file: room for 50,000 models."""
DEEPEST = 100
"""How many tables or arrays may lie inside each other. The parser's time grows with the square of it."""
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:{_PART}){{{DEEPEST}}}", re.ASCII)
_TOO_DEEP = f"more than {DEEPEST} arrays or tables are nested"
_BITS = 64
_TOO_LARGE = f"a whole number does not fit into {_BITS} bits, as TOML has them"


def parsed(text: str) -> dict[str, Any]:
    """The tables of a text. Raises ValueError with what is wrong, by line where the parser says it."""
    if text.count(".") >= DEEPEST and _DEEP_KEY.search(text):
        raise ValueError(_TOO_DEEP)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except ValueError:  # Python converts no longer text to a number
        raise ValueError(_TOO_LARGE) from None
    _check(tables)
    return tables


def _check(tables: dict[str, Any]) -> None:
    waiting: list[tuple[Any, int]] = [(tables, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise ValueError(_TOO_DEEP)
        if isinstance(value, dict | list):
            inner = value.values() if isinstance(value, dict) else value
            waiting += [(each, depth + 1) for each in inner]
        elif isinstance(value, int) and not -(1 << (_BITS - 1)) <= value < 1 << (_BITS - 1):
            raise ValueError(_TOO_LARGE)
