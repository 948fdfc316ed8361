"""Pickles written by hand: what torch.save writes of tensors, and what nobody would write."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from random import Random
from types import NoneType
from typing import Any

from msgspec import Struct

from tests.fuzz.mutation import HUGE, number, text


class Global(Struct, frozen=True):
    """A class or function by its names."""

    module: str
    name: str


class Called(Struct, frozen=True):
    """What a function gives, or an object of a class: `state` is what it is built of afterwards."""

    function: object
    arguments: object
    state: object = None


class Stored(Struct, frozen=True):
    """A storage by what torch keeps of it: kind, type, key, place, count."""

    reference: object


class Raw(Struct, frozen=True):
    """Operations as they are."""

    operations: bytes


def pickled(value: object, protocol: int = 2) -> bytes:
    return b"\x80" + bytes([protocol]) + _written(value) + b"."


def _written(value: object) -> bytes:
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise TypeError(f"no pickle of {value!r}")


def _all(values: Iterable[object]) -> bytes:
    return b"".join(map(_written, values))


def _whole(value: int) -> bytes:
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def _sized(operation: bytes, data: bytes) -> bytes:
    return operation + struct.pack("<I", len(data)) + data


def _called(value: Called) -> bytes:
    built = b"" if value.state is None else _written(value.state) + b"b"
    return _written(value.function) + _written(value.arguments) + b"R" + built


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    NoneType: lambda value: b"N",
    bool: lambda value: b"\x88" if value else b"\x89",
    int: _whole,
    float: lambda value: b"G" + struct.pack(">d", value),
    str: lambda value: _sized(b"X", value.encode("utf-8", "surrogatepass")),
    bytes: lambda value: _sized(b"B", value),
    tuple: lambda value: b"(" + _all(value) + b"t",
    list: lambda value: b"](" + _all(value) + b"e",
    dict: lambda value: b"}(" + _all(each for pair in value.items() for each in pair) + b"u",
    Global: lambda value: f"c{value.module}\n{value.name}\n".encode(),
    Stored: lambda value: _written(value.reference) + b"Q",
    Called: _called,
    Raw: lambda value: value.operations,
}
"""How a value of each type is written; a bool comes before the int that it also is."""


WIDTHS = {
    "FloatStorage": 4,
    "DoubleStorage": 8,
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "LongStorage": 8,
    "IntStorage": 4,
    "ByteStorage": 1,
    "BoolStorage": 1,
}
STORAGES = (*WIDTHS, "UntypedStorage", "ComplexFloatStorage", "QInt8Storage")
COUNT = 64
"""Numbers of every storage."""


class Key(Struct, frozen=True):
    """A storage: its key, and the type of its numbers."""

    name: str
    kind: str
    legacy: bool
    """Of a file from before torch 1.6, whose references have a last part for views."""

    @property
    def reference(self) -> tuple[object, ...]:
        whole = ("storage", Global("torch", self.kind), self.name, "cpu", COUNT)
        return (*whole, None) if self.legacy else whole

    @property
    def bytes(self) -> int:
        return COUNT * WIDTHS[self.kind]


def keys(rng: Random, *, legacy: bool = False) -> list[Key]:
    return [Key(str(place), rng.choice(tuple(WIDTHS)), legacy) for place in range(rng.randint(1, 3))]


NOTHING = Called(Global("collections", "OrderedDict"), ())
FLOAT64 = Called(Global("numpy", "dtype"), ("f8", False, True))
OTHERS: tuple[object, ...] = (
    *(None, True, 3, -1, 2.5, "x", "\ud800", b"bytes", (), [], {}, {"lr": 0.1}, [{"params": [0, 1]}]),
    *(Global("os", "system"), Global("torch", "float32"), NOTHING),
    Called(Global("argparse", "Namespace"), (), {"epochs": 3}),
    Called(Global("builtins", "bytearray"), (3_000_000_000,)),
    Called(Global("builtins", "list"), ((),)),
    Called(Global("builtins", "set"), ([1, 2],)),
    Called(Global("torch", "device"), ("cpu",)),
    Called(Global("numpy.core.multiarray", "scalar"), (FLOAT64, bytes(8))),
    Called(Global("numpy", "ndarray"), ((2_000_000_000,),)),
    Called(Global("mynet", "Net"), (), {"training": False}),
    Called(Global("os", "system"), ("true",)),
    Raw(b"(" * 3000 + b"t" * 3000),
    Raw(b"]" * 3000),
    Raw(b"I" + b"9" * 5000 + b"\n"),
    Raw(b"\x8e" + (2**40).to_bytes(8, "little")),
    Raw(b"\x96" + (2**63 + 1).to_bytes(8, "little")),
    Raw(b"\x95" + (2**63).to_bytes(8, "little")),
    Raw(b"Nr\xff\xff\xff\x7f"),
    Raw(b"h\x07"),
    Raw(b"0"),
)
"""What a checkpoint may hold beside tensors, and what nobody should."""


def checkpoint(rng: Random, keys: list[Key]) -> object:
    """Tensors by name, perhaps in a nest beside other things; a third of them with something odd in it."""
    odd = rng.random() < 0.35
    tensors: dict[object, object] = {}
    for place, key in enumerate(keys):
        name = f"layer{place}.{rng.choice(('weight', 'bias', 'running_mean'))}" if rng.random() < 0.9 else text(rng)
        tensors[name] = tensor(rng, key, odd=odd)
    if odd and rng.random() < 0.5:
        tensors[rng.choice((3, None, (1, 2), "other"))] = rng.choice(OTHERS)
    whole: object = tensors
    if rng.random() < 0.3:
        whole = NOTHING if odd else tensors
    if rng.random() < 0.3:
        whole = {"state_dict": whole, "epoch": 3, "args": rng.choice(OTHERS) if odd else None}
    return rng.choice(([whole], (whole,), rng.choice(OTHERS))) if odd and rng.random() < 0.1 else whole


def tensor(rng: Random, key: Key, *, odd: bool) -> object:
    shape = tuple(rng.randint(0, 4) for _ in range(rng.randint(0, 3)))
    strides, step = list[int](), 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= size
    arguments: list[object] = [Stored(key.reference), 0, shape, tuple(strides), False, NOTHING]
    if odd and rng.random() < 0.6:
        arguments[rng.randrange(len(arguments))] = _odd_argument(rng, key)
    name = "_rebuild_tensor_v2" if rng.random() < 0.9 or not odd else rng.choice(("_rebuild_tensor_v3", "_rebuild_x"))
    made = Called(Global("torch._utils", name), tuple(arguments))
    return made if rng.random() < 0.8 else Called(Global("torch._utils", "_rebuild_parameter"), (made, True, NOTHING))


def _odd_argument(rng: Random, key: Key) -> object:
    name = rng.choice((key.name, "9", 3, None))
    reference = (key.name, (), ("module",), ("storage", "x", key.name, "cpu", 1), ("storage",) * 7, None)
    return rng.choice(
        (
            *(number(rng), rng.choice(HUGE), (number(rng), number(rng)), (rng.choice(HUGE), 2), (0, 2**63), (1,) * 70),
            *((100_000, 100_000), (0, 0), (2.0, 2), 0.5, -4, "x", None, [1, 2], rng.choice(OTHERS)),
            Stored(("storage", Global("torch", rng.choice(STORAGES)), name, "cpu", COUNT)),
            Stored(rng.choice(reference)),
        )
    )
