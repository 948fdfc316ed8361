"""What a file is that was given for a weights file or a cfg and is none, by how it begins."""

from __future__ import annotations

import re

from caffe_ir.file_kinds import LFS, PACKED, WEB_PAGE, kind_of

A_CFG = "a text file, maybe a cfg"
_PROTOTXT, _YAML = "a Caffe prototxt", "a YAML file, as the models of ultralytics have"
_DATA = "a .data file, which names the files of a training"
_TEXTS = (
    (_PROTOTXT, re.compile(rb"^(?:layers?|input_param|net_param)\s*\{", re.MULTILINE)),
    (_YAML, re.compile(rb"^(?:nc|backbone|head|depth_multiple)\s*:", re.MULTILINE)),
    (_DATA, re.compile(rb"\A(?:\s*#.*\n|\s)*(?:classes|train|valid|names|backup)\s*=")),
)
_HINTS = {
    LFS: "fetch the file itself: git lfs pull",
    WEB_PAGE: "it was saved in place of the file: download the file itself",
    A_CFG: "the cfg comes first, then the weights",
    _YAML: "for a model of PyTorch there is `convert pytorch`",
}
_SHOWN = 40
_TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))


def looks_like(head: bytes) -> str:
    """What kind of file begins like this, where it is surely no weights file; else ''."""
    if kind := kind_of(head):
        return kind
    if not head or not _TEXT.issuperset(head):
        return ""
    if kind := text_kind(head):
        return kind
    first, *_ = head.split(b"\n")
    return (
        A_CFG if head.lstrip().startswith(b"[") else f'a text file that begins with "{first[:_SHOWN].decode().strip()}"'
    )


def text_kind(head: bytes) -> str:
    """What kind of text that is not a cfg begins like this; else ''."""
    if (kind := kind_of(head)) in (LFS, WEB_PAGE):
        return kind
    return next((name for name, pattern in _TEXTS if pattern.search(head)), "")


def what_to_do(kind: str) -> str:
    """A hint for a file of this kind."""
    if kind in PACKED:
        return "unpack it first"
    if any(name in kind for name in ("PyTorch", "pickle", "safetensors")):
        return "for a checkpoint of PyTorch there is `convert pytorch`"
    return _HINTS.get(kind, "a Darknet model is a .cfg and its .weights, in this order")
