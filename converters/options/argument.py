"""`--arg KEY=VALUE`: arguments for the function that makes a model, as a command line spells them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

_NOT_PYTHONS = {"true": "True", "false": "False"}
"""What other languages write, and a function would take for a text, which is true whatever it says."""


def arguments_of(texts: Iterable[str]) -> dict[str, Any]:
    """All of them by their keys. Raises ValueError, also for a key that comes twice."""
    found: dict[str, Any] = {}
    for key, value in map(_argument, texts):
        if key in found:
            raise ValueError(f"{key} is given twice")
        found[key] = value
    return found


def _argument(text: str) -> tuple[str, Any]:
    """KEY=VALUE, the value as Python writes it; what is not Python is a string. Raises ValueError."""
    key, sign, value = text.partition("=")
    if not sign or not key.isidentifier():
        raise ValueError(f"{text!r} is not KEY=VALUE")
    if value in _NOT_PYTHONS:
        raise ValueError(
            f"{text}: Python writes {_NOT_PYTHONS[value]}; for the string itself write {key}='\"{value}\"'"
        )
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return key, value


def texts_of(arguments: Mapping[str, Any]) -> list[str]:
    """The texts that `arguments_of` reads as these arguments: a string has quotes only where it needs them."""
    return [f"{key}={value if _needs_no_quotes(key, value) else repr(value)}" for key, value in arguments.items()]


def _needs_no_quotes(key: str, value: Any) -> bool:
    try:
        return isinstance(value, str) and _argument(f"{key}={value}") == (key, value)
    except ValueError:
        return False
