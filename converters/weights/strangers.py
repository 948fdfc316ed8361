"""Files that are none of PyTorch's, or no longer: what they seem to be, and what to do."""

from __future__ import annotations

import ast
import zipfile
from itertools import islice
from pathlib import Path

from caffe_ir.error_kinds.weights import NOT_WEIGHTS
from caffe_ir.errors import Problem
from caffe_ir.file_kinds import HDF5, LFS, NUMPY, PACKED, WEB_PAGE, kind_of
from converters.weights.unreadable import Unreadable
from converters.weights.zip_entries import archive

AGAIN = "the download or the copy went wrong: fetch it again"
UNPACK = "unpack it, and give the file inside"
ARRAYS = "give a state_dict: torch.save({name: tensor ...}, 'weights.pth')"
HINTS = {
    LFS: "fetch the file itself: git lfs pull",
    WEB_PAGE: AGAIN,
    NUMPY: ARRAYS,
    **dict.fromkeys(PACKED, UNPACK),
}
"""What helps with files that are surely of another kind, whatever their names."""
ORIGIN = "give the PyTorch model that it came from, as a model.pt2 of torch.export.save"
IN_A_FUNCTION = "write a function that loads it and returns the model, and name that: FILE.py:function"
FOREIGN = {
    ".onnx": "ONNX",
    ".h5": "Keras",
    ".hdf5": "Keras",
    ".keras": "Keras",
    ".pb": "TensorFlow",
    ".tflite": "TensorFlow Lite",
    ".mlmodel": "Core ML",
    ".engine": "TensorRT",
    ".pdmodel": "PaddlePaddle",
    ".pdparams": "PaddlePaddle",
}
"""Whose model a file is, by its suffix."""
BY_SUFFIX = {
    ".ipynb": ("it is a notebook", "copy the model's code into a .py file, and name the function: FILE.py:function"),
    ".yaml": ("it is YAML, which describes a model for another program", IN_A_FUNCTION),
    ".yml": ("it is YAML, which describes a model for another program", IN_A_FUNCTION),
    ".cfg": ("it is a cfg of Darknet", "convert darknet CFG WEIGHTS"),
    ".weights": ("it is a file of Darknet's weights", "convert darknet CFG WEIGHTS"),
    ".mar": ("it is an archive of TorchServe", UNPACK),
    ".caffemodel": (
        "it is the weights of a Caffe net",
        "name its prototxt, to convert caffe, check or summary; or give the PyTorch model that it came from",
    ),
    **{suffix: (f"it is a model of {whose}", ORIGIN) for suffix, whose in FOREIGN.items()},
}
LONGEST_HEADER = 1 << 32
SHOWN = 3
"""So many functions of a Python file are listed."""
SAVE = "save the model with torch.export.save(torch.export.export(model, inputs), 'model.pt2')"


def stranger(path: Path, wanted: str = SAVE) -> Problem:
    """Why a file cannot be opened as PyTorch's; `wanted` says what to give instead."""
    with open(path, "rb") as file:
        head = file.read(64)
    kind = kind_of(head)
    surely = (f"it is {kind}", HINTS[kind]) if kind in HINTS else None
    why, hint = surely or _cut_short(path, head) or _of_another_program(path, head, wanted)
    return Problem(kind=NOT_WEIGHTS, what=f"{path} is not a file of PyTorch", why=why, hint=hint)


def _cut_short(path: Path, head: bytes) -> tuple[str, str] | None:
    if not head:
        return "it is empty", AGAIN
    if head.startswith(b"PK") and not zipfile.is_zipfile(path):
        return "it is damaged or cut short: its table of contents, at the end, is missing", AGAIN
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < LONGEST_HEADER:
        return "it is a .safetensors file cut short", AGAIN
    return None


def _of_another_program(path: Path, head: bytes, wanted: str) -> tuple[str, str]:
    if path.suffix == ".py":
        return "it is a Python file", f"name the function in it that makes the model: {_functions(path)}"
    if path.suffix in BY_SUFFIX:
        return BY_SUFFIX[path.suffix]
    if kind_of(head) == HDF5:
        return f"it is {HDF5}", ARRAYS
    if head.startswith(b"PK"):
        return _inside(path)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "it is a plain pickle", "load it yourself and save what it holds with torch.save"
    return "it is neither a .pt2, nor TorchScript, nor a pickle of torch.save, nor safetensors", wanted


def _functions(path: Path) -> str:
    """The functions and classes of a Python file as they are named; it is read, not run."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    names = [one.name for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name[0] != "_"]
    rest = " ..." if len(names) > SHOWN else ""
    return ", ".join(f"{path}:{name}" for name in names[:SHOWN]) + rest or f"{path}:function"


def _inside(path: Path) -> tuple[str, str]:
    try:
        with open(path, "rb") as file, archive(path, file) as found:
            names = list(islice(found.entries, SHOWN + 1))
    except Unreadable as error:
        return f"it {error.what}{f': {error.why}' if error.why else ''}", AGAIN
    return f"it is an archive of something else: {', '.join(names[:SHOWN])}{' ...' * (len(names) > SHOWN)}", UNPACK
