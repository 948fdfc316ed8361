"""What the names in the pickles of PyTorch and NumPy stand for: storages, tensors, arrays and plain data.

A tensor is a storage's key with an offset, sizes and strides (torch/_utils.py, _rebuild_tensor_v2), an array its bytes
with a type and a shape (numpy/_core/multiarray.py, _reconstruct, and ndarray.__setstate__), so the numbers can stay
where they are in the file. Every other class is an Inert.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, TypeVar

from msgspec import Struct

from caffe_ir.error_kinds.weights import BEYOND_LIMITS, FORM_NOT_READ
from converters.weights.octets import Octets
from converters.weights.pickle_machine import MOST_TEXT
from converters.weights.pickle_values import Global, Inert, name_of
from converters.weights.tensors import WIDTHS, Tensor, check_shape, column_major, tensor_of
from converters.weights.unreadable import Unreadable

STORAGES: dict[str, str] = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "UntypedStorage": "uint8",
}
NUMPY_TYPES: dict[str, str] = {
    "f4": "float32",
    "f8": "float64",
    "f2": "float16",
    "i8": "int64",
    "i4": "int32",
    "i2": "int16",
    "i1": "int8",
    "u8": "uint64",
    "u4": "uint32",
    "u2": "uint16",
    "u1": "uint8",
    "b1": "bool",
    "c8": "complex64",
    "c16": "complex128",
}
"""The types of NumPy that are read, as its files spell them."""

T = TypeVar("T")


class Storage(Struct, frozen=True, eq=False):
    """Numbers in a row, all of one type."""

    octets: Octets
    dtype: str

    @property
    def count(self) -> int:
        return self.octets.length // WIDTHS[self.dtype]


class NumpyType(Struct, eq=False):
    """numpy.dtype as a pickle builds it: its code without the order of bytes, which comes later."""

    code: str
    order: str = "="

    @property
    def name(self) -> str:
        """Ours for it; empty where its numbers are not read."""
        return NUMPY_TYPES.get(self.code, "") if self.order != ">" or self.code[-1:] == "1" else ""


class NumpyArray(Struct, eq=False):
    """numpy.ndarray as a pickle builds it: first empty, then with what it holds, a tensor or objects."""

    tensor: Tensor | None = None
    objects: Sequence[Any] = ()
    dtype: str = "object"


class Plain(Struct, frozen=True):
    """A value that is no weight and that nobody misses: a single number of NumPy, a device, a type."""


Stored = Callable[[str, str], Storage]
"""The storage of a key, whose numbers have the type that the pickle says. Raises Unreadable."""


class Names:
    """The meaning of the names in a pickle; `storages` finds what lies outside of it."""

    def __init__(self, storages: Stored, of_bytes: Callable[[Octets], Any]) -> None:
        self._storages, self._of_bytes = storages, of_bytes
        self._given = 0

    def call(self, what: Global, arguments: tuple[Any, ...]) -> Any:
        name = f"{_NOW_CALLED.get(what.module, what.module)}.{what.name}"
        if name == "torch.storage._load_from_bytes" and len(arguments) == 1 and isinstance(arguments[0], Octets):
            return self._of_bytes(arguments[0])
        if name == "torch._tensor._rebuild_from_type_v2" and len(arguments) == 4 and isinstance(arguments[0], Global):
            return self.call(arguments[0], _a(tuple, arguments[2]))
        self._given += sum(len(one) for one in arguments if isinstance(one, str | list | tuple | dict))
        if self._given > MOST_TEXT:  # the same long text or list, again and again
            raise Unreadable(
                f"holds a pickle that makes more than {MOST_TEXT:,} values of the same ones", kind=BEYOND_LIMITS
            )
        fewest, most, function = _KNOWN.get(name, (0, 0, None))
        if function is None:
            return Inert(kind=str(what), arguments=arguments)
        if not fewest <= len(arguments) <= most:
            raise Unreadable(f"holds a damaged pickle: {what} is given {len(arguments)} arguments")
        return function(*arguments)

    def build(self, made: Any, state: Any) -> None:
        if isinstance(made, Inert):
            made.state = state
        elif isinstance(made, NumpyType):
            order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
            made.order = _text(order)
        elif isinstance(made, NumpyArray):
            _fill(made, state)
        # an OrderedDict or a parameter with attributes besides: they hold no weights

    def persistent(self, key: Any) -> Any:
        wanted = storage_key(key)
        if wanted is None:  # a class with its source, as old versions of torch kept it
            return key[1]
        if not wanted.dtype:
            return Inert(kind=wanted.kind)
        storage = self._storages(wanted.key, wanted.dtype)
        if wanted.count != storage.count:
            raise Unreadable(f"holds a storage {wanted.key} of {storage.count:,} numbers, and needs {wanted.count}")
        return storage


class StorageKey(Struct, frozen=True, kw_only=True):
    """A storage as a pickle refers to it; `dtype` is empty where the numbers of its class `kind` are not read."""

    key: str
    kind: str
    dtype: str
    count: int


def storage_key(reference: Any) -> StorageKey | None:
    """What a persistent id of torch refers to; None for a class. Raises Unreadable where it is neither."""
    if not isinstance(reference, tuple) or len(reference) < 2:
        raise Unreadable("holds a damaged pickle: a storage has no key")
    what = _text(reference[0])
    if what == "module":
        return None
    if what != "storage" or len(reference) < 5 or type(reference[4]) is not int:
        raise Unreadable(f"holds a damaged pickle: there is no storage {name_of(reference)}")
    if len(reference) > 5 and reference[5] is not None:
        raise Unreadable(
            "holds a part of a storage, as torch wrote it before 0.4",
            hint="save it again with torch",
            kind=FORM_NOT_READ,
        )
    kind = reference[1]
    known = isinstance(kind, Global) and kind.module in ("torch", "torch.storage")
    dtype = STORAGES.get(kind.name, "") if known else ""
    return StorageKey(key=_text(reference[2]), kind=name_of(kind), dtype=dtype, count=reference[4])


# ---- what is built ---------------------------------------------------------------------------------------------------


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Any:
    return _typed_tensor(storage, offset, size, stride, None, None, None)


def _typed_tensor(
    storage: Any, offset: Any, size: Any, stride: Any, _grad: Any, _hooks: Any, kind: Any, *_: Any
) -> Any:
    if isinstance(storage, Inert):
        return Inert(kind=f"a tensor of {storage.kind}")
    storage = _a(Storage, storage)
    dtype = storage.dtype if kind is None else _torch_type(kind)
    if dtype not in WIDTHS:
        return Inert(kind=f"a tensor of the type {dtype}")
    return tensor_of(storage.octets, dtype, _a(tuple, size), _a(tuple, stride), offset)


def _torch_type(kind: Any) -> str:
    if not isinstance(kind, Global) or kind.module != "torch":
        raise Unreadable(f"has a tensor of the type {name_of(kind)}", kind=FORM_NOT_READ)
    return kind.name


def _first(data: Any, *_: Any) -> Any:
    return data


def _table(*arguments: Any) -> dict[str, Any]:
    """A table of another table, or of a list of pairs; a defaultdict has what makes its missing values before that."""
    given = arguments[-1] if arguments else {}
    if isinstance(given, dict):
        return given
    pairs = given if isinstance(given, list | tuple) else ()
    return {name_of(pair[0]): pair[1] for pair in pairs if isinstance(pair, list | tuple) and len(pair) == 2}


def _list(items: Any = None) -> list[Any]:
    return items if isinstance(items, list) else list(items) if isinstance(items, tuple) else []


def _tuple(items: Any = ()) -> tuple[Any, ...]:
    return tuple(items) if isinstance(items, list | tuple) else ()


def _octets(given: Any = None, encoding: Any = None) -> Any:
    """bytes and bytearray; one of so many zeros is none that weights are made of."""
    if isinstance(given, Octets):
        return given
    if isinstance(given, str) and encoding is not None:
        return _encoded(given, encoding)
    return Octets(length=0, data=b"") if given in (None, ()) else Inert(kind="bytes", arguments=(given,))


def _encoded(text: Any, encoding: Any = "latin1") -> Any:
    """The bytes of a pickle of protocol 2, which holds them as text."""
    if _text(encoding) not in ("latin1", "latin-1"):
        return Inert(kind=f"bytes of {_text(encoding)}")
    if isinstance(text, Octets):
        return text if text.utf8 else Inert(kind="bytes")
    if not isinstance(text, str):
        return Inert(kind="bytes")
    data = text.encode("latin1")
    return Octets(length=len(data), data=data)


def _numpy_type(code: Any, *_: Any) -> NumpyType:
    text = _text(code)
    return NumpyType(text[1:], text[0]) if text[:1] in ("<", ">", "|", "=") else NumpyType(text)


def _empty_array(*_: Any) -> NumpyArray:
    return NumpyArray()


def _reconstructed(kind: Any, _base: Any, state: Any) -> Inert:
    """An object of protocols 0 and 1: its class, the plain class that it extends, and that one's value."""
    return Inert(kind=name_of(kind), entries=state if isinstance(state, dict) else {})


def _plain(*_: Any) -> Plain:
    return Plain()


def _of_buffer(data: Any, kind: Any, shape: Any, order: Any) -> NumpyArray:
    made = NumpyArray()
    _fill(made, (1, shape, kind, _text(order) == "F", data))
    return made


def _fill(made: NumpyArray, state: Any) -> None:
    """Give an array the state that numpy.ndarray.__setstate__ takes; the oldest has no version before it."""
    state = _a(tuple, state)
    if len(state) not in (4, 5):
        raise Unreadable(f"holds a damaged pickle: an array of NumPy is given {len(state)} parts")
    shape, kind, fortran, data = state[-4:]
    kind, shape = _a(NumpyType, kind), (shape,) if type(shape) is int else _a(tuple, shape)
    if isinstance(data, list | tuple):
        made.objects = data
        return
    made.dtype = kind.name or f"{kind.order}{kind.code}"
    if not kind.name:
        return
    octets = _a(Octets, data)
    check_shape(shape, WIDTHS[kind.name])
    if octets.length != prod(shape) * WIDTHS[kind.name]:
        raise Unreadable(f"has an array of the shape {shape} and the type {kind.name} with {octets.length:,} bytes")
    made.tensor = tensor_of(octets, kind.name, shape, column_major(shape) if fortran else None)


def _a(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind):
        raise Unreadable(f"holds a damaged pickle: {name_of(value)} stands where a {kind.__name__} belongs")
    return value


def _text(value: Any) -> str:
    return name_of(value) if isinstance(value, str | Octets | int) else ""


_NOW_CALLED = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "numpy._core.multiarray": "numpy.core.multiarray",
    "numpy._core.numeric": "numpy.core.numeric",
}
"""Modules that have another name in Python 2 or in NumPy 2."""
_KNOWN: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "torch._utils._rebuild_tensor": (4, 4, _tensor),
    "torch._utils._rebuild_tensor_v2": (6, 7, _tensor),
    "torch._utils._rebuild_tensor_v3": (7, 8, _typed_tensor),
    "torch._utils._rebuild_parameter": (1, 3, _first),
    "torch._utils._rebuild_parameter_with_state": (1, 4, _first),
    "torch._utils._rebuild_device_tensor_from_numpy": (4, 4, _first),
    "torch.Size": (0, 1, _tuple),
    "torch.device": (1, 2, _plain),
    "torch.serialization._get_layout": (1, 1, _plain),
    "collections.OrderedDict": (0, 1, _table),
    "collections.defaultdict": (0, 2, _table),
    "collections.Counter": (0, 1, _table),
    "builtins.dict": (0, 1, _table),
    "builtins.list": (0, 1, _list),
    "builtins.set": (0, 1, _list),
    "builtins.frozenset": (0, 1, _list),
    "builtins.tuple": (0, 1, _tuple),
    "builtins.bytearray": (0, 2, _octets),
    "builtins.bytes": (0, 2, _octets),
    "copyreg._reconstructor": (3, 3, _reconstructed),
    "_codecs.encode": (1, 2, _encoded),
    "numpy.dtype": (1, 4, _numpy_type),
    "numpy.core.multiarray._reconstruct": (3, 3, _empty_array),
    "numpy.core.multiarray.scalar": (1, 2, _plain),
    "numpy.core.numeric._frombuffer": (4, 4, _of_buffer),
}
"""The fewest and most arguments of what is known, and what is made of them."""
