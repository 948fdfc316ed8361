"""`--arg KEY=VALUE`: an argument for the function that makes a model."""

from __future__ import annotations

import ast
from typing import Any

import click


def argument(text: str) -> tuple[str, Any]:
    """KEY=VALUE, the value as Python writes it; what is no Python is a string."""
    key, sign, value = text.partition("=")
    if not sign or not key.isidentifier():
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--arg")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value
