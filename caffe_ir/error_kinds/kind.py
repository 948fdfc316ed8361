"""A kind of error: its code, which never changes, and the page that explains it."""

from __future__ import annotations

from msgspec import Struct


class Kind(Struct, frozen=True, kw_only=True):
    """What all messages with one code have in common. The texts are Markdown.

    A code is never given to another kind: one that is no longer raised moves to `RETIRED`.
    """

    code: str
    """`TC` and four digits; the first two are the family."""
    title: str
    """What happened, in a line."""
    why: str
    """What it means and why tocaffe stops there."""
    remedy: str
    """What to do."""
    example: str
    """A message of this kind without its code, as it is printed."""

    def mark(self, text: str) -> str:
        """A message of this kind with its code before it."""
        return f"{self.code} {text}"
