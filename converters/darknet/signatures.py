"""What a file is that was given for a weights file and is none, by how it begins."""

from __future__ import annotations

_SIGNATURES = (
    (0, b"PK\x03\x04", "a zip archive, as PyTorch and Keras write"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (8, b'{"', "a safetensors file"),
    (0, b"version https://git-lfs", "a Git LFS pointer instead of the file itself"),
    *((0, bytes((8, version)) + b"\x12", "an ONNX model") for version in range(3, 16)),
    (0, b"\x80\x02", "a Python pickle, as PyTorch writes"),
    *((0, bytes((0x80, protocol)), "a Python pickle") for protocol in range(3, 6)),
)
_HINTS = {
    "a Git LFS pointer instead of the file itself": "fetch the file itself: git lfs pull",
    "a web page": "it was saved in place of the file: download the file itself",
    "a text file, maybe a cfg": "the cfg comes first, then the weights",
}
_TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))


def looks_like(head: bytes) -> str:
    """What kind of file begins like this, where it is surely no weights file; else ''."""
    for offset, signature, name in _SIGNATURES:
        if head.startswith(signature, offset):
            return name
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "a web page"
    if not head or not _TEXT.issuperset(head):
        return ""
    return "a text file, maybe a cfg" if begin.startswith(b"[") else "a text file"


def what_to_do(kind: str) -> str:
    """A hint for a file of this kind."""
    if "archive" in kind and "PyTorch" not in kind:
        return "unpack it first"
    if any(name in kind for name in ("PyTorch", "pickle", "safetensors")):
        return "for a checkpoint of PyTorch there is `convert pytorch`"
    return _HINTS.get(kind, "a Darknet model is a .cfg, then its .weights")
