"""Text out of somebody's file, made fit to be shown: what a terminal would obey, or not show, is spelled out."""

from __future__ import annotations


def visible(text: str, keep: str = "") -> str:
    r"""The text with every character that is not printable as Python spells it: \x1b, \n, \u202e.

    These are the control characters and escapes of a terminal, ends of lines, blanks and marks that nobody sees, orders
    to write from right to left, and bytes that are not UTF-8 (as \xff). Those in `keep` stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in keep else _spelled(one) for one in text)


def _spelled(one: str) -> str:
    if "\udc80" <= one <= "\udcff":  # how Python keeps a byte that it cannot decode (PEP 383)
        return f"\\x{ord(one) - 0xDC00:02x}"
    return repr(one)[1:-1]
