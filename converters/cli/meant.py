"""What was probably to be typed where the first word is not a command: the exact line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from caffe_ir.near_misses import did_you_mean

_MODELS = {
    ".cfg": "darknet",
    ".weights": "darknet",
    ".pt2": "pytorch",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".safetensors": "pytorch",
}
"""The command that takes a file; the first of several decides."""
_OTHERS = {".toml": "batch", ".caffemodel": "dump", ".prototxt": "init"}
_FOREIGN = (".onnx", ".pb", ".tflite", ".h5", ".hdf5", ".keras", ".mlmodel", ".mlpackage", ".engine", ".xml", ".ckpt")
_PICTURES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pdf", ".svg")
_ALSO = ("--help", "--version")


def meant(words: Sequence[str], commands: Sequence[str], program: str) -> str:
    """The message for words of which the first is not one of the `commands` of `program`."""
    first = words[0]
    if line := _line(words):
        what = "folder" if Path(first).is_dir() else "function" if _is_function(first) else "file"
        return f"{first} is a {what}, not a command. Type:\n\n  {shlex.join([program, *line])}"
    if _suffix(first) in _FOREIGN:
        return f"{first}: tocaffe converts Darknet's and PyTorch's models, not {_suffix(first)} files."
    if _suffix(first) in _PICTURES:
        return f"{first}: this `convert` is that of tocaffe, which converts neural networks, and not ImageMagick's."
    near = did_you_mean(first, [*commands, *_ALSO], f"`{program} {{}}`")
    return f"there is no command {first}; {near or 'the commands are ' + ', '.join(commands)}"


def _line(words: Sequence[str]) -> list[str]:
    """The command with its arguments for words that begin with a file, folder or function; else nothing."""
    suffixes = [_suffix(word) for word in words if not word.startswith("-")]
    models = [_MODELS[suffix] for suffix in suffixes if suffix in _MODELS]
    if Path(words[0]).is_dir():
        return ["batch", *words]
    if _is_function(words[0]):
        return ["pytorch", *words]
    if suffixes[0] not in (*_MODELS, *_OTHERS):
        return []
    if ".prototxt" in suffixes and ".caffemodel" in suffixes:
        return ["verify", *(words if models else ["SOURCE", *words])]
    if ".prototxt" in suffixes and models:
        return _with_prototxt(words) if models == ["pytorch"] else ["verify", *words]
    return [models[0], *_paired(words)] if models else [_OTHERS[suffixes[0]], *words]


def _suffix(word: str) -> str:
    return Path(word.removesuffix(".h5") if word.endswith(".caffemodel.h5") else word).suffix.lower()


def _is_function(word: str) -> bool:
    """package.module:function or file.py:function."""
    holder, colon, name = word.rpartition(":")
    return bool(colon and holder) and name.isidentifier()


def _with_prototxt(words: Sequence[str]) -> list[str]:
    """A checkpoint for a prototxt."""
    prototxt = next(word for word in words if _suffix(word) == ".prototxt")
    return ["pytorch", *(word for word in words if word != prototxt), "--prototxt", prototxt]


def _paired(words: Sequence[str]) -> list[str]:
    """The words with a cfg before its weights; where there is one of the two alone, the other by its usual name."""
    ordered = list(words)
    cfg, weights = ([n for n, word in enumerate(words) if _suffix(word) == end] for end in (".cfg", ".weights"))
    if cfg and weights and weights[0] < cfg[0]:
        ordered[weights[0]], ordered[cfg[0]] = words[cfg[0]], words[weights[0]]
    elif cfg and not weights:
        ordered.insert(cfg[0] + 1, str(Path(words[cfg[0]]).with_suffix(".weights")))
    elif weights and not cfg:
        ordered.insert(weights[0], str(Path(words[weights[0]]).with_suffix(".cfg")))
    return ordered
