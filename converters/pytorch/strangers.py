"""Files that are none of PyTorch's, or no longer: what they seem to be, and what to do."""

from __future__ import annotations

import zipfile
from pathlib import Path

from caffe_ir.errors import Problem

AGAIN = "the download or the copy went wrong: fetch it again"
BEGINNINGS = (
    (b"version https://git-lfs", "it is a pointer of Git LFS, not the file", "fetch the file itself: git lfs pull"),
    (b"<!doctype html", "it is a web page", AGAIN),
    (b"<html", "it is a web page", AGAIN),
    (b"\x93numpy", "it is an array of numpy", "give a state_dict: torch.save({name: tensor ...}, 'weights.pth')"),
    (b"\x89hdf", "it is a file of HDF5", "give a state_dict: torch.save({name: tensor ...}, 'weights.pth')"),
)
"""How such files begin, in small letters; what they are; what helps."""
BY_SUFFIX = {
    ".py": ("it is a Python file", "name the function in it that makes the model: FILE.py:function"),
    ".onnx": ("it is a model of ONNX", "take the PyTorch model that it came from, as model.pt2 of torch.export.save"),
}
LONGEST_HEADER = 1 << 32
SAVE = "save the model with torch.export.save(torch.export.export(model, inputs), 'model.pt2')"


def stranger(path: Path, wanted: str = SAVE) -> Problem:
    """Why a file cannot be opened as PyTorch's; `wanted` says what to give instead."""
    with open(path, "rb") as file:
        head = file.read(64)
    begun = ((why, hint) for begin, why, hint in BEGINNINGS if head.lower().startswith(begin))
    why, hint = next(begun, None) or _cut_short(path, head) or _of_another_program(path, head, wanted)
    return Problem(what=f"{path} is no file of PyTorch", why=why, hint=hint)


def _cut_short(path: Path, head: bytes) -> tuple[str, str] | None:
    if not head:
        return "it is empty", AGAIN
    if head.startswith(b"PK") and not zipfile.is_zipfile(path):
        return "it is damaged or cut short: its table of contents, at the end, is missing", AGAIN
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < LONGEST_HEADER:
        return "it is a .safetensors file cut short", AGAIN
    return None


def _of_another_program(path: Path, head: bytes, wanted: str) -> tuple[str, str]:
    if head.startswith(b"PK"):
        return "it is an archive of something else", wanted
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "it is a plain pickle", "load it yourself and save what it holds with torch.save"
    return BY_SUFFIX.get(
        path.suffix, ("it is neither a .pt2, nor TorchScript, nor a pickle of torch.save, nor safetensors", wanted)
    )
