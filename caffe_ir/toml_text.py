"""Values as TOML spells them (toml.io/en/v1.0.0); `caffe_ir.toml` is the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

Value = str | bool | int | float | Sequence["Value"] | Mapping[str, "Value"]


def quoted(text: str, *, ascii_only: bool = False) -> str:
    r"""A basic string, with what is not printable as escapes; what is not UTF-8 becomes a visible \udcff.

    With `ascii_only` all that is not ASCII is escaped.
    """
    made = json.dumps(text.encode(errors="backslashreplace").decode(), ensure_ascii=False)
    plain = str.isascii if ascii_only else str.isprintable
    return "".join(one if plain(one) and one.isprintable() else f"\\U{ord(one):08x}" for one in made)


def key_text(key: str) -> str:
    """A key, bare where it may be."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else quoted(key, ascii_only=True)


def value_text(value: Value) -> str:
    """A value on one line, in ASCII."""
    if isinstance(value, str):
        return quoted(value, ascii_only=True)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key_text(key)} = {value_text(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(value_text, value)) + "]"
