"""The operations of pickles, protocols 0 to 5 (Lib/pickletools.py says what each does)."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from converters.weights.octets import Octets
from converters.weights.pickle_machine import Machine
from converters.weights.pickle_values import Meaning

_LONGEST_WHOLE = 256
"""Digits or bytes of a whole number."""

_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\", b"'": b"'", b'"': b'"'}
"""How Python 2 wrote bytes in protocol 0."""


def unpickled(file: BinaryIO, end: int, meaning: Meaning, path: Path | None = None) -> Any:
    """The object whose pickle stands in `file`, which has its next byte behind it afterwards. Raises Unreadable.

    The pickle ends before the byte `end`. With `path` long literals stay there: the places in `file` are the path's.
    """
    return Machine(file, end, meaning, path).run(OPERATIONS)


def _whole(text: bytes) -> int:
    if len(text) > _LONGEST_WHOLE:
        raise ValueError(f"a whole number of {len(text):,} digits")
    return int(text)


def _boolean_or_whole(text: bytes) -> int:
    return text == b"01" if text in (b"00", b"01") else _whole(text)


def _signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _long(machine: Machine, count: int) -> None:
    if count > _LONGEST_WHOLE:
        raise ValueError(f"a whole number of {count:,} bytes")
    machine.push(_signed(machine.number(count)))


def _quoted(text: bytes) -> Octets:
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ValueError("a text without quotes")
    data = _ESCAPE.sub(_unescaped, text[1:-1])
    return Octets(length=len(data), data=data)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    if code[:1] == b"x":
        return bytes([int(code[1:], 16)])
    if code.isdigit():
        return bytes([int(code, 8) & 0xFF])
    return _ESCAPED.get(code, escape[0])


def _line_of_text(text: bytes) -> str:
    """A text of protocol 0; the half of a surrogate pair, which is not a character, as its escape."""
    return text.decode("raw-unicode-escape").encode(errors="backslashreplace").decode()


OPERATIONS: dict[bytes, Callable[[Machine], None]] = {
    b"\x80": lambda m: None if m.unsigned(1) <= 5 else m.damaged("it is of a protocol beyond 5"),
    b"\x95": lambda m: None if m.unsigned(8) <= m.end - m.file.tell() else m.cut_short(),
    b".": Machine.stop,
    # the stack and the memo
    b"(": Machine.mark,
    b"0": Machine.pop,
    b"1": lambda m: m.to_mark().clear(),
    b"2": lambda m: m.push(m.stack[-1]),
    b"p": lambda m: m.put(_whole(m.line())),
    b"q": lambda m: m.put(m.unsigned(1)),
    b"r": lambda m: m.put(m.unsigned(4)),
    b"\x94": lambda m: m.put(len(m.memo)),
    b"g": lambda m: m.get(_whole(m.line())),
    b"h": lambda m: m.get(m.unsigned(1)),
    b"j": lambda m: m.get(m.unsigned(4)),
    # plain values
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"I": lambda m: m.push(_boolean_or_whole(m.line())),
    b"L": lambda m: m.push(_whole(m.line().rstrip(b"L"))),
    b"J": lambda m: m.push(_signed(m.number(4))),
    b"K": lambda m: m.push(m.unsigned(1)),
    b"M": lambda m: m.push(m.unsigned(2)),
    b"\x8a": lambda m: _long(m, m.unsigned(1)),
    b"\x8b": lambda m: _long(m, _signed(m.number(4))),
    b"F": lambda m: m.push(float(m.line())),
    b"G": lambda m: m.push(struct.unpack(">d", m.number(8))[0]),
    # texts and bytes; a str of Python 2 is bytes
    b"S": lambda m: m.push(_quoted(m.line())),
    b"T": lambda m: m.push(m.octets(m.unsigned(4))),
    b"U": lambda m: m.push(m.octets(m.unsigned(1))),
    b"V": lambda m: m.push(_line_of_text(m.line())),
    b"X": lambda m: m.push(m.characters(m.unsigned(4))),
    b"\x8c": lambda m: m.push(m.characters(m.unsigned(1))),
    b"\x8d": lambda m: m.push(m.characters(m.unsigned(8))),
    b"B": lambda m: m.push(m.octets(m.unsigned(4))),
    b"C": lambda m: m.push(m.octets(m.unsigned(1))),
    b"\x8e": lambda m: m.push(m.octets(m.unsigned(8))),
    b"\x96": lambda m: m.push(m.octets(m.unsigned(8))),
    b"\x97": Machine.not_here,
    b"\x98": lambda m: None,  # what cannot be written to is the same
    # containers; a set is a list, as nothing is looked up in it
    b")": lambda m: m.push(()),
    b"\x85": lambda m: m.tuple_of(1),
    b"\x86": lambda m: m.tuple_of(2),
    b"\x87": lambda m: m.tuple_of(3),
    b"t": lambda m: m.push(tuple(m.to_mark())),
    b"]": lambda m: m.push([]),
    b"l": lambda m: m.push(m.to_mark()),
    b"a": lambda m: m.append([m.stack.pop()]),
    b"e": lambda m: m.append(m.to_mark()),
    b"}": lambda m: m.push({}),
    b"d": Machine.table,
    b"s": Machine.set_one,
    b"u": lambda m: m.set(m.to_mark()),
    b"\x8f": lambda m: m.push([]),
    b"\x90": lambda m: m.append(m.to_mark()),
    b"\x91": lambda m: m.push(m.to_mark()),
    # objects
    b"c": lambda m: m.push(m.name(m.line().decode(), m.line().decode())),
    b"\x93": Machine.stack_global,
    b"R": Machine.reduce,
    b"\x81": Machine.reduce,
    b"\x92": Machine.new_with_names,
    b"o": Machine.object_of_mark,
    b"i": Machine.instance,
    b"b": Machine.build,
    b"P": lambda m: m.outside(m.line().decode()),
    b"Q": lambda m: m.outside(m.stack.pop()),
    b"\x82": Machine.not_here,
    b"\x83": Machine.not_here,
    b"\x84": Machine.not_here,
}
