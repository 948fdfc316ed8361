"""What stands in a pickle: names of classes that are not imported, and what objects of them were given."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct, field

from converters.weights.octets import Octets

LONGEST_NAME = 256
"""Characters of a name that is not text: of bytes, of several values, of a class."""


class Global(Struct, frozen=True):
    """A class or function that the pickle names; it is not imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Inert(Struct, eq=False):
    """Stands for the object that `kind` would have made: what it was given, and nothing done with it."""

    kind: str
    arguments: tuple[Any, ...] = ()
    state: Any = None
    entries: dict[str, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)


class Meaning(Protocol):
    """What the names in a pickle stand for. Each may raise Unreadable."""

    def call(self, what: Global, arguments: tuple[Any, ...]) -> Any:
        """What a class or function makes of its arguments."""

    def build(self, made: Any, state: Any) -> None:
        """Give an object its state."""

    def persistent(self, key: Any) -> Any:
        """The object that lies outside of the pickle."""


def name_of(key: Any) -> str:
    """A key as a name: no key is hashed but as text, which nobody can make slow."""
    if isinstance(key, str):
        return key
    if isinstance(key, Octets):
        data = key.data if key.data is not None else b""
        return data[:LONGEST_NAME].decode(errors="backslashreplace") + "..." * (key.length > LONGEST_NAME)
    if isinstance(key, tuple) and len(key) <= 8:
        parts = ("..." if isinstance(one, tuple) else name_of(one)[:LONGEST_NAME] for one in key)
        return f"({', '.join(parts)[:LONGEST_NAME]})"
    return str(key) if key is None or isinstance(key, bool | int | float) else kind_of(key)


def kind_of(value: Any) -> str:
    """What a value of a pickle is called in messages."""
    return value.kind if isinstance(value, Inert) else str(value) if isinstance(value, Global) else type(value).__name__
