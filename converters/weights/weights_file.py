"""Files with weights by name: .pth and .pt of torch.save, .safetensors, .npz, .npy, pickles; no code of them is run."""

from __future__ import annotations

from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from caffe_ir.blob import cannot_read
from caffe_ir.error_kinds.weights import BEYOND_LIMITS, NOT_WEIGHTS
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.file_kinds import NUMPY_SIGNATURE, ZIP_SIGNATURE
from caffe_ir.given_files import check_regular
from converters.weights import numpy_files, safetensors_header, torch_files, zip_entries
from converters.weights.checkpoint import Checkpoint, checkpoint_of
from converters.weights.octets import Octets
from converters.weights.pickle_values import Inert
from converters.weights.strangers import stranger
from converters.weights.tensors import Tensor, of_unknown_type, tensor_of
from converters.weights.unreadable import SAVE_ALONE, Unreadable
from converters.weights.zip_entries import MOST_UNPACKED, Archive, Entry

SHOWN = 8
"""So many keys of a file without tensors are listed."""
FORMATS = "give .pth, .pt, .safetensors, .npz or .npy"
_SAFETENSORS: dict[str, str] = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}
"""What torch calls the types of safetensors; what it has no name for is known and not read."""


def open_weights(path: str | Path) -> Checkpoint:
    """The tensors of a file, as nested as they are there. Raises ConversionError, as reading an array of it may.

    Nothing of the file is run: of a class that it names the parts are taken as they were written.
    """
    path = Path(path)
    try:
        check_regular(path)
        with open(path, "rb") as file:
            held = _opened(path, file)
        found = checkpoint_of(held)
    except Unreadable as error:
        raise ConversionError(error.of(path)) from None
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    if not found.tensors:
        raise ConversionError(_no_tensors(path, held, found))
    return found


def _no_tensors(path: Path, held: Any, found: Checkpoint) -> Problem:
    """Why there are none: what the file has instead."""
    reasons = [note.text for note in found.notes]
    if isinstance(held, dict):
        listed = ", ".join(islice(held, SHOWN)) + (" ..." if len(held) > SHOWN else "")
        reasons.insert(0, f"its keys are {listed}" if held else "it is empty")
        if {"state", "param_groups"} <= held.keys():
            reasons = ["it is the state of an optimizer"]
    return Problem(kind=NOT_WEIGHTS, what=f"{path} holds no tensors by name", why="; ".join(reasons), hint=SAVE_ALONE)


def _opened(path: Path, file: BinaryIO) -> Any:
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(16)
    file.seek(0)
    if head.startswith(NUMPY_SIGNATURE):
        found = _array(file, size, path)
        return {path.stem: found} if isinstance(found, Tensor) else found
    if head.startswith(ZIP_SIGNATURE):
        return _archive(path, file)
    if head[8:9] == b"{":
        return _safetensors(path, file, size)
    if head[:1] == b"\x80":
        return torch_files.of_pickle(file, size, path)
    raise _stranger(path)


def _stranger(path: Path) -> Unreadable:
    problem = stranger(path, FORMATS)
    return Unreadable("is not a file of weights", problem.why, problem.hint, kind=NOT_WEIGHTS)


def _safetensors(path: Path, file: BinaryIO, size: int) -> dict[str, Tensor]:
    length = safetensors_header.header_length(file.read(8), size)
    header = file.read(length)
    found = {}
    for entry in safetensors_header.entries(header, size - 8 - length):
        octets = Octets(length=entry.end - entry.begin, path=path, offset=entry.begin)
        dtype = _SAFETENSORS.get(entry.dtype)
        try:
            unknown = of_unknown_type(entry.dtype, entry.shape)
            found[entry.name] = unknown if dtype is None else tensor_of(octets, dtype, entry.shape)
        except Unreadable as error:
            raise Unreadable(f"{error.what}: {entry.name}", error.why, error.hint, kind=error.kind) from None
    return found


def _archive(path: Path, file: BinaryIO) -> Any:
    with zip_entries.archive(path, file) as archive:
        inner = {name.partition("/")[2]: name for name in archive.entries}
        if "archive_format" in inner or "models/model.json" in inner:
            raise Unreadable(
                "is an exported program (.pt2), not weights", hint="save model.state_dict()", kind=NOT_WEIGHTS
            )
        if "constants.pkl" in inner:
            hint = "torch.save(torch.jit.load(FILE).state_dict(), 'weights.pth')"
            raise Unreadable("is TorchScript, not weights", hint=hint, kind=NOT_WEIGHTS)
        if "data.pkl" in inner:
            return torch_files.of_archive(archive, inner["data.pkl"].removesuffix("data.pkl"))
        if not all(name.endswith(".npy") for name in archive.entries):
            raise _stranger(path)
        return {name.removesuffix(".npy"): _member(archive, entry) for name, entry in archive.entries.items()}


def _member(archive: Archive, entry: Entry) -> Any:
    """An array of an .npz. Raises Unreadable, with its name."""
    try:
        if entry.stored:
            archive.file.seek(entry.offset)
            return _array(archive.file, entry.offset + entry.size, archive.path)
        return _compressed(archive, entry)
    except Unreadable as error:
        raise Unreadable(f"{error.what}, in its entry {entry.name}", error.why, error.hint, kind=error.kind) from None


def _array(file: BinaryIO, end: int, path: Path | None) -> Any:
    """The array that begins where `file` stands and ends before byte `end`, or the object that it is a pickle of."""
    header = numpy_files.array_header(file)
    if header.is_object:
        return torch_files.of_pickle(file, end, path)
    if not header.dtype:
        return Inert(kind=f"an array of {header.code}")
    begin = file.tell()
    octets = Octets(length=max(end - begin, 0), path=path, offset=begin)
    return tensor_of(octets, header.dtype, header.shape, header.strides)


def _compressed(archive: Archive, entry: Entry) -> Any:
    """An array of an .npz that is compressed: unpacked when its numbers are asked for."""
    with archive.reading(entry) as member:
        header = numpy_files.array_header(member)
        begin = member.tell()
    if header.is_object:
        stream, end, path = archive.stream(entry)
        numpy_files.array_header(stream)
        return torch_files.of_pickle(stream, end, path)
    if not header.dtype:
        return Inert(kind=f"an array of {header.code}")
    length = entry.size - begin
    if length > MOST_UNPACKED:
        why = f"at most {MOST_UNPACKED:,} are unpacked, and uncompressed arrays may have any length"
        raise Unreadable(
            f"unpacks to {length:,} bytes", why, "save it with numpy.savez, without compression", kind=BEYOND_LIMITS
        )
    load = partial(zip_entries.unpacked, archive.path, entry.name, begin, length)
    return tensor_of(Octets(length=length, load=load), header.dtype, header.shape, header.strides)
