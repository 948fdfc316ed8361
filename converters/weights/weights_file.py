"""Files with weights by name: .pth and .pt of torch.save, .safetensors, .npz, .npy; mapped, no code run."""

from __future__ import annotations

import json
import pickle
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.errors import ConversionError, Origin, Problem
from converters.weights.pickles import NeedsCode, load_numpy, load_torch
from converters.weights.tensors import WIDTHS, Nested, Tensor, held, mapped, widened

SAVE_ALONE = "save the weights alone: torch.save(model.state_dict(), 'weights.pth'), or a .safetensors or .npz of them"
_SAFETENSORS: dict[str, str] = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
_LOCAL_HEADER = 30
_NUMPY = b"\x93NUMPY"


DAMAGED = (
    *(ValueError, KeyError, IndexError, TypeError, EOFError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, pickle.PickleError, tokenize.TokenError),
)
"""What the readers of Python and numpy raise on files that are not whole."""


class _Other(Exception):
    """The file is something else: what it is, and what to do with it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def open_weights(path: str | Path) -> Nested:
    """The tensors of a file, as nested as they are there. Raises ConversionError, as reading an array of it may.

    Nothing of the file is run; a pickle that would need that is refused.
    """
    path = Path(path)
    origin = Origin(layer=path.name, file=str(path))
    try:
        with open(path, "rb") as file:
            found = _opened(path, file)
    except NeedsCode as error:
        what = f"to open it {error} would have to be imported and run"
        raise ConversionError(
            Problem(what=what, why="only tensors and plain data are read", hint=SAVE_ALONE, origin=origin)
        ) from None
    except _Other as error:
        raise ConversionError(Problem(what=str(error), hint=error.hint, origin=origin)) from None
    except OSError as error:
        raise ConversionError(Problem(what=f"cannot read {path}", why=error.strerror or str(error))) from None
    except DAMAGED as error:
        raise _damaged(path, error) from None
    if isinstance(found, Tensor):
        return {path.stem: found}
    nested = _tensors_in(found)
    if not nested:
        raise ConversionError(Problem(what="no tensors by name are in it", hint=SAVE_ALONE, origin=origin))
    return nested


def _damaged(path: Path, error: Exception) -> ConversionError:
    origin = Origin(layer=path.name, file=str(path))
    why = f"{type(error).__name__}: {error}"
    return ConversionError(Problem(what="damaged or cut short", why=why, hint="fetch it again", origin=origin))


def _opened(path: Path, file: IO[bytes]) -> Any:
    head = file.read(16)
    file.seek(0)
    if head[:6] == _NUMPY:
        return _npy(path, file)
    if head[:4] == b"PK\x03\x04":
        return _zip(path, file)
    if head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") <= path.stat().st_size - 8:
        return _safetensors(path, file)
    if head[:1] == b"\x80":
        return _legacy(path)
    raise _Other("no file of weights that is known", "give .pth, .pt, .safetensors, .npz or .npy")


def _tensors_in(found: Any) -> Nested:
    """Only what is tensors, or holds some."""
    if not isinstance(found, Mapping):
        return {}
    kept: Nested = {}
    for key, value in found.items():
        inner = value if isinstance(value, Tensor) else held(value) if _is_array(value) else _tensors_in(value)
        if isinstance(inner, Tensor) or inner:
            kept[str(key)] = inner
    return kept


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.name in WIDTHS


# ---- zip archives ----------------------------------------------------------------------------------------------------


def _zip(path: Path, file: IO[bytes]) -> Any:
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        inner = {name.partition("/")[2]: name for name in entries}
        if "archive_format" in inner or "models/model.json" in inner:
            raise _Other("an exported program (.pt2), not weights", "save model.state_dict(), or convert the program")
        if "constants.pkl" in inner:
            raise _Other("TorchScript, not weights", "torch.save(torch.jit.load(FILE).state_dict(), 'weights.pth')")
        if "data.pkl" in inner:
            return _torch(path, file, archive, inner)
        if not all(name.endswith(".npy") for name in entries):
            raise _Other("a zip of neither PyTorch nor NumPy", "give .pth, .pt, .safetensors, .npz or .npy")
        return {name.removesuffix(".npy"): _npz_member(path, file, entry) for name, entry in entries.items()}


def _torch(path: Path, file: IO[bytes], archive: zipfile.ZipFile, inner: Mapping[str, str]) -> Any:
    if "byteorder" in inner and archive.read(inner["byteorder"]).strip() != b"little":
        raise _Other("written on a big-endian machine", "load it with torch.load and save it again")
    storages, size = {}, path.stat().st_size
    for name, full in inner.items():
        if name.startswith("data/"):
            entry = archive.getinfo(full)
            if entry.compress_type != zipfile.ZIP_STORED:
                raise _Other("a compressed archive", "load it with torch.load and save it again")
            begin = _offset(file, entry)
            if begin + entry.file_size > size:
                raise ValueError(f"{full} ends at byte {begin + entry.file_size} of {size}")
            storages[name.removeprefix("data/")] = (begin, entry.file_size)
    with archive.open(inner["data.pkl"]) as pickled:
        return load_torch(pickled, path, storages)


def _offset(file: IO[bytes], entry: zipfile.ZipInfo) -> int:
    """Where the bytes of an entry begin: behind its local header, whose lengths are its own."""
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER)
    start = entry.header_offset + _LOCAL_HEADER
    return start + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


def _npz_member(path: Path, file: IO[bytes], entry: zipfile.ZipInfo) -> Tensor:
    if entry.compress_type == zipfile.ZIP_STORED:
        file.seek(_offset(file, entry))
        found = _npy(path, file)
        if isinstance(found, Tensor):
            return found
        raise _Other(f"{entry.filename} holds an object, not an array", "save each array under its own name")
    with zipfile.ZipFile(path) as archive, archive.open(entry) as member:
        shape, _, dtype = _npy_header(member)
    return Tensor(shape=shape, dtype=dtype.name, read=partial(_unzipped, path, entry.filename))


def _unzipped(path: Path, name: str) -> Array:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as member:
            return np.asarray(np.lib.format.read_array(member, allow_pickle=False))
    except (*DAMAGED, OSError) as error:
        raise _damaged(path, error) from None


# ---- .npy, .safetensors, old pickles ---------------------------------------------------------------------------------


def _npy(path: Path, file: IO[bytes]) -> Any:
    shape, fortran, dtype = _npy_header(file)
    if dtype.hasobject:
        found = load_numpy(file)
        return found.item() if isinstance(found, np.ndarray) and not found.shape else found
    if dtype.name not in WIDTHS or dtype.byteorder == ">":
        raise _Other(f"an array of {dtype}", "save it as float32")
    strides = None
    if fortran:
        strides = tuple(int(np.prod(shape[:place])) for place in range(len(shape)))
    room = (path.stat().st_size - file.tell()) // WIDTHS[dtype.name]
    return mapped(path, file.tell(), dtype.name, shape, strides, room)


def _npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    return tuple(shape), bool(fortran), dtype


def _safetensors(path: Path, file: IO[bytes]) -> Any:
    length = int.from_bytes(file.read(8), "little")
    header = json.loads(file.read(length))
    size = path.stat().st_size
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        if entry["dtype"] not in _SAFETENSORS:
            raise _Other(f"{name} is of the type {entry['dtype']}", "save it as float32")
        dtype = _SAFETENSORS[entry["dtype"]]
        if end > size:
            raise ValueError(f"{name} ends at byte {end} of {size}")
        found[name] = mapped(path, begin, dtype, tuple(entry["shape"]), room=(end - begin) // WIDTHS[dtype])
    return found


def _legacy(path: Path) -> Any:
    """A pickle from before torch 1.6, which is no zip: torch reads it, and only what holds no code."""
    try:
        import torch
    except ImportError:
        hint = "install torch, or save the weights again as .safetensors or .npz"
        raise _Other("written in the old format of torch.save, which only torch itself reads", hint) from None

    def converted(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): converted(inner) for key, inner in value.items()}
        if not isinstance(value, torch.Tensor):
            return None
        tensor = value.detach()
        if tensor.dtype == torch.bfloat16:
            bits = tensor.contiguous().view(torch.int16).numpy().view(np.uint16)
            return Tensor(shape=tuple(tensor.shape), dtype="bfloat16", read=lambda: widened(bits))
        return held(tensor.numpy())

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise NeedsCode("an object in it") from error
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return converted(loaded)
