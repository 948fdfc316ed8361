"""`--arg KEY=VALUE`: arguments for the function that makes a model."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

import click

_NOT_PYTHONS = {"true": "True", "false": "False"}
"""What other languages write, and a function would take for a text, which is true whatever it says."""


def arguments(texts: Iterable[str]) -> dict[str, Any]:
    """All of them by their keys. Raises BadParameter for a key that comes twice."""
    found: dict[str, Any] = {}
    for key, value in map(argument, texts):
        if key in found:
            raise click.BadParameter(f"{key} is given twice", param_hint="--arg")
        found[key] = value
    return found


def argument(text: str) -> tuple[str, Any]:
    """KEY=VALUE, the value as Python writes it; what is no Python is a string. Raises BadParameter."""
    key, sign, value = text.partition("=")
    if not sign or not key.isidentifier():
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--arg")
    if value in _NOT_PYTHONS:
        told = f"{text}: Python writes {_NOT_PYTHONS[value]}; for the text itself say {key}='\"{value}\"'"
        raise click.BadParameter(told, param_hint="--arg")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return key, value
