"""Damage to bytes, and odd values: what all formats share. Everything follows from the generator that is given."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

NUMBERS = (0, 1, -1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 32767, 65535, 65536, 2**31 - 1, 2**31, -(2**31), 2**32 - 1)
HUGE = (2**32, 2**40, 2**62, 2**63 - 1, 2**63, -(2**63), 2**64 - 1, 2**64, 10**30)
FLOATS = (0.0, -0.0, 1.0, 0.5, -1.5, 1e-38, 1e-45, 1e38, 3.4e38, float("inf"), float("-inf"), float("nan"))
TEXTS = (
    *("", "x", "a.b", "a/b", "/", "..", "%s", "{0}", "{name}", "[red]", "[/]", "\x1b[31m", "\n", "\0", "\ud800", "é"),
    *("\u202e", "'", '"', "\\", "#", "=", "1e999", "nan", "0x10", "9" * 400, "a" * 5000, "weight", "bias", "0", "-1"),
)


def number(rng: Random) -> int:
    """A whole number: mostly small, sometimes at the edge of a type, seldom beyond it."""
    kind = rng.random()
    if kind < 0.6:
        return rng.randrange(1, 12)
    return rng.choice(NUMBERS) if kind < 0.93 else rng.choice(HUGE)


def text(rng: Random) -> str:
    return rng.choice(TEXTS)


def encodable(rng: Random) -> str:
    """A text that can be written as UTF-8."""
    return text(rng).encode("utf-8", "replace").decode()


def damaged(data: bytes, rng: Random, most: int = 4) -> bytes:
    """The bytes with a few of them changed, put in, taken out, doubled or moved."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, most)):
        rng.choice(_DAMAGES)(changed, rng)
    return bytes(changed)


def maybe_damaged(data: bytes, rng: Random, chance: float) -> bytes:
    return damaged(data, rng) if rng.random() < chance else data


def _flip(data: bytearray, rng: Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _exchange(data: bytearray, rng: Random) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 10, 32, rng.randrange(256)))


def _write_number(data: bytearray, rng: Random) -> None:
    """A number at the edge of its type, in either order of bytes."""
    form = rng.choice(("<H", "<I", "<Q", ">H", ">I", ">Q"))
    width = struct.calcsize(form)
    if len(data) > width:
        value = rng.choice(NUMBERS + HUGE) & ((1 << 8 * width) - 1)
        struct.pack_into(form, data, rng.randrange(len(data) - width), value)


def _put_in(data: bytearray, rng: Random) -> None:
    place = rng.randint(0, len(data))
    piece = rng.choice((b"\0", b"\xff", b"\n", b" ", b"{", b"[", b"(", b'"', rng.randbytes(8)))
    data[place:place] = piece * rng.choice((1, 1, 1, 4, 300))


def _take_out(data: bytearray, rng: Random) -> None:
    begin = rng.randint(0, len(data))
    del data[begin : begin + rng.choice((1, 1, 2, 4, 8, 64, 1000))]


def _double(data: bytearray, rng: Random) -> None:
    begin = rng.randint(0, len(data))
    piece = data[begin : begin + rng.choice((1, 4, 16, 100))]
    data[begin:begin] = piece * rng.choice((1, 1, 2, 50))


def _move(data: bytearray, rng: Random) -> None:
    begin = rng.randint(0, len(data))
    piece = data[begin : begin + rng.choice((4, 16, 100))]
    place = rng.randint(0, len(data))
    data[place : place + len(piece)] = piece


def _cut(data: bytearray, rng: Random) -> None:
    del data[rng.randint(0, len(data)) :]


_DAMAGES: Sequence[Callable[[bytearray, Random], None]] = (
    *(_flip, _flip, _flip, _exchange, _exchange, _write_number, _write_number),
    *(_put_in, _take_out, _double, _move, _cut),
)


def some(rng: Random, values: Sequence[T], most: int) -> list[T]:
    """Up to so many of the values, with repetitions."""
    return [rng.choice(values) for _ in range(rng.randint(0, most))]
