"""Reads the pickles of PyTorch and NumPy without running anything: what is no plain data or tensor is refused.

torch.save writes a zip: `data.pkl` and, uncompressed, one entry for each storage. A tensor is a storage's key with an
offset, sizes and strides (torch/_utils.py, _rebuild_tensor_v2), so its numbers can stay where they are in the file.
"""

from __future__ import annotations

import pickle
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Shape
from converters.weights.tensors import WIDTHS, Tensor, mapped


class NeedsCode(Exception):
    """The pickle holds an object of a class that would have to be imported and run."""


class Dtype(Struct, frozen=True):
    """One of torch's types of numbers, by its name."""

    name: str


class Storage(Struct, frozen=True):
    """Numbers in a row: where they begin in the file, how many there are, of which type."""

    offset: int
    count: int
    dtype: str


class Opaque:
    """Stands for an object that holds no weights (arguments of a program, a device); it does nothing."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments

    def __setstate__(self, state: object) -> None:
        self.state = state


_STORAGES: dict[str, str] = {
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

_PLAIN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "Counter"): Counter,
    ("collections", "defaultdict"): defaultdict,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "dict"): dict,
    ("builtins", "list"): list,
    ("builtins", "int"): int,
    ("builtins", "float"): float,
    ("builtins", "complex"): complex,
    ("builtins", "bytearray"): bytearray,
}

_INERT: frozenset[tuple[str, str]] = frozenset(
    {
        ("argparse", "Namespace"),
        ("pathlib", "PosixPath"),
        ("pathlib", "WindowsPath"),
        ("pathlib", "PurePosixPath"),
        ("torch", "device"),
        ("torch.serialization", "_get_layout"),
        ("torch.nn.parameter", "Parameter"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("_codecs", "encode"),
    }
)
"""What checkpoints carry beside weights; each becomes an Opaque."""


def load_torch(file: IO[bytes], path: Path, storages: Mapping[str, tuple[int, int]]) -> Any:
    """What a zip of torch.save holds, with Tensors; `storages` says where in `path` each lies, and its bytes.

    Raises NeedsCode, and ValueError or pickle.UnpicklingError on a damaged file.
    """
    return _TorchUnpickler(file, path, storages).load()


def load_numpy(file: IO[bytes]) -> Any:
    """What numpy.save wrote of an object that is no array, such as a dict of arrays. Raises NeedsCode."""
    return _NumpyUnpickler(file).load()


class _TorchUnpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], path: Path, storages: Mapping[str, tuple[int, int]]) -> None:
        super().__init__(file, encoding="utf-8")
        self._path = path
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        module = "builtins" if module == "__builtin__" else module
        if (module, name) in _PLAIN:
            return _PLAIN[module, name]
        if (module, name) in _INERT:
            return Opaque
        if module in ("torch", "torch.storage") and name in _STORAGES:
            return Dtype(_STORAGES[name])
        if module == "torch" and (name in WIDTHS or name == "Size"):
            return tuple if name == "Size" else Dtype(name)
        rebuild = self._rebuilding().get(name)
        if module in ("torch._utils", "torch._tensor") and rebuild is not None:
            return rebuild
        raise NeedsCode(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Storage:
        kind, dtype, key, _location, _count = pid
        if kind != "storage" or not isinstance(dtype, Dtype) or key not in self._storages:
            raise ValueError(f"the storage {pid!r} is not in the file")
        offset, size = self._storages[key]
        return Storage(offset, size // WIDTHS[dtype.name], dtype.name)

    def _rebuilding(self) -> dict[str, Callable[..., Any]]:
        return {
            "_rebuild_tensor_v2": self._tensor,
            "_rebuild_tensor_v3": self._typed_tensor,
            "_rebuild_parameter": _first,
            "_rebuild_parameter_with_state": _first,
            "_rebuild_from_type_v2": _from_type,
        }

    def _tensor(self, storage: Storage, offset: int, size: Shape, stride: Shape, *_: Any) -> Tensor:
        start = storage.offset + offset * WIDTHS[storage.dtype]
        return mapped(self._path, start, storage.dtype, tuple(size), tuple(stride), storage.count - offset)

    def _typed_tensor(
        self,
        storage: Storage,
        offset: int,
        size: Shape,
        stride: Shape,
        _grad: Any,
        _hooks: Any,
        dtype: Dtype,
        *_: Any,
    ) -> Tensor:
        width = WIDTHS[dtype.name]
        count = storage.count * WIDTHS[storage.dtype] // width - offset
        return mapped(self._path, storage.offset + offset * width, dtype.name, tuple(size), tuple(stride), count)


class _NumpyUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        module = "builtins" if module == "__builtin__" else module.replace("numpy.core.", "numpy._core.")
        known = {**_PLAIN, **_NUMPY}
        if (module, name) not in known:
            raise NeedsCode(f"{module}.{name}")
        return known[module, name]


def _first(data: Any, *_: Any) -> Any:
    return data


def _from_type(rebuild: Callable[..., Any], _type: Any, arguments: tuple[Any, ...], _state: Any) -> Any:
    return rebuild(*arguments)


def _empty_array(_type: Any, _shape: Any, _dtype: Any) -> Any:
    return np.empty((0,), np.int8)


def _scalar(dtype: Any, data: bytes = b"") -> Any:
    return np.frombuffer(data, _of_numbers(dtype), 1)[0]


def _from_buffer(data: Any, dtype: Any, shape: Any, order: str) -> Any:
    return np.frombuffer(data, _of_numbers(dtype)).reshape(shape, order="F" if order == "F" else "C")


def _of_numbers(dtype: Any) -> np.dtype[Any]:
    if not isinstance(dtype, np.dtype) or dtype.hasobject:
        raise NeedsCode("an object inside a NumPy array")
    return dtype


def _encoded(text: str, encoding: str) -> bytes:
    """The bytes of a pickle of protocol 2, which holds them as text."""
    if encoding != "latin1":
        raise NeedsCode(f"_codecs.encode to {encoding}")
    return text.encode("latin1")


_NUMPY: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("_codecs", "encode"): _encoded,
}
"""What rebuilds arrays; numpy's own names of it are older than 2.0 with `core`, newer with `_core`."""
