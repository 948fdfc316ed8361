"""What the names in the pickles of PyTorch and NumPy stand for: storages, tensors, arrays and plain data.

A tensor is a storage's key with an offset, sizes and strides (torch/_utils.py, _rebuild_tensor_v2), an array its bytes
with a type and a shape (numpy/_core/multiarray.py, _reconstruct, and ndarray.__setstate__), so the numbers can stay
where they are in the file. Every other class is an Inert.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from caffe_ir.error_kinds.weights import BEYOND_LIMITS, FORM_NOT_READ
from converters.weights.octets import Octets
from converters.weights.pickle_machine import MOST_TEXT
from converters.weights.pickle_values import Global, Inert, name_of
from converters.weights.pickled_arrays import (
    NumpyArray,
    NumpyType,
    array_of_buffer,
    empty_array,
    fill,
    instance,
    numpy_type,
    text_of,
)
from converters.weights.pickled_storages import Storage, storage_key
from converters.weights.tensors import WIDTHS, tensor_of
from converters.weights.unreadable import Unreadable


class Plain(Struct, frozen=True):
    """A value that is not a weight and that nobody misses: a single number of NumPy, a device, a type."""


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
            return self.call(arguments[0], instance(tuple, arguments[2]))
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
            made.order = text_of(order)
        elif isinstance(made, NumpyArray):
            fill(made, state)
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


# ---- what is built ---------------------------------------------------------------------------------------------------


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Any:
    return _typed_tensor(storage, offset, size, stride, None, None, None)


def _typed_tensor(
    storage: Any, offset: Any, size: Any, stride: Any, _grad: Any, _hooks: Any, kind: Any, *_: Any
) -> Any:
    if isinstance(storage, Inert):
        return Inert(kind=f"a tensor of {storage.kind}")
    storage = instance(Storage, storage)
    dtype = storage.dtype if kind is None else _torch_type(kind)
    if dtype not in WIDTHS:
        return Inert(kind=f"a tensor of the type {dtype}")
    return tensor_of(storage.octets, dtype, instance(tuple, size), instance(tuple, stride), offset)


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
    if text_of(encoding) not in ("latin1", "latin-1"):
        return Inert(kind=f"bytes of {text_of(encoding)}")
    if isinstance(text, Octets):
        return text if text.utf8 else Inert(kind="bytes")
    if not isinstance(text, str):
        return Inert(kind="bytes")
    data = text.encode("latin1")
    return Octets(length=len(data), data=data)


def _reconstructed(kind: Any, _base: Any, state: Any) -> Inert:
    """An object of protocols 0 and 1: its class, the plain class that it extends, and that one's value."""
    return Inert(kind=name_of(kind), entries=state if isinstance(state, dict) else {})


def _plain(*_: Any) -> Plain:
    return Plain()


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
    "numpy.dtype": (1, 4, numpy_type),
    "numpy.core.multiarray._reconstruct": (3, 3, empty_array),
    "numpy.core.multiarray.scalar": (1, 2, _plain),
    "numpy.core.numeric._frombuffer": (4, 4, array_of_buffer),
}
"""The fewest and most arguments of what is known, and what is made of them."""
