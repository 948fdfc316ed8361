"""What a file is that was given for a weights file or a cfg and is none, by how it begins."""

from __future__ import annotations

import re

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
    *((0, bytes((8, version)) + b"\x12", "an ONNX model") for version in range(3, 16)),
    (0, b"\x80\x02", "a Python pickle, as PyTorch writes"),
    *((0, bytes((0x80, protocol)), "a Python pickle") for protocol in range(3, 6)),
)
WEB_PAGE, A_CFG = "a web page", "a text file, maybe a cfg"
_LFS = "a Git LFS pointer instead of the file itself"
_PROTOTXT, _YAML = "a Caffe prototxt", "a YAML file, as the models of ultralytics have"
_DATA = "a .data file, which names the files of a training"
_TEXTS = (
    (_LFS, re.compile(rb"\Aversion https://git-lfs")),
    (_PROTOTXT, re.compile(rb"^(?:layers?|input_param|net_param)\s*\{", re.MULTILINE)),
    (_YAML, re.compile(rb"^(?:nc|backbone|head|depth_multiple)\s*:", re.MULTILINE)),
    (
        "a .data file, which names the files of a training",
        re.compile(rb"\A(?:\s*#.*\n|\s)*(?:classes|train|valid|names|backup)\s*="),
    ),
)
_HINTS = {
    _LFS: "fetch the file itself: git lfs pull",
    WEB_PAGE: "it was saved in place of the file: download the file itself",
    A_CFG: "the cfg comes first, then the weights",
    _YAML: "for a model of PyTorch there is `convert pytorch`",
}
_SHOWN = 40
_TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))


def looks_like(head: bytes) -> str:
    """What kind of file begins like this, where it is surely no weights file; else ''."""
    for offset, signature, name in _SIGNATURES:
        if head.startswith(signature, offset):
            return name
    if not head or not (_is_web_page(head) or _TEXT.issuperset(head)):
        return ""
    if kind := text_kind(head):
        return kind
    first, *_ = head.split(b"\n")
    return (
        A_CFG if head.lstrip().startswith(b"[") else f'a text file that begins with "{first[:_SHOWN].decode().strip()}"'
    )


def text_kind(head: bytes) -> str:
    """What kind of text that is not a cfg begins like this; else ''."""
    if _is_web_page(head):
        return WEB_PAGE
    return next((name for name, pattern in _TEXTS if pattern.search(head)), "")


def _is_web_page(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html", b"<?xml"))


def what_to_do(kind: str) -> str:
    """A hint for a file of this kind."""
    if "archive" in kind and "PyTorch" not in kind:
        return "unpack it first"
    if any(name in kind for name in ("PyTorch", "pickle", "safetensors")):
        return "for a checkpoint of PyTorch there is `convert pytorch`"
    return _HINTS.get(kind, "a Darknet model is a .cfg and its .weights, in this order")
