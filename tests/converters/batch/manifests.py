"""Manifests of a test, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from converters.batch.manifest import Manifest, manifest_of

TARGETS = ("caffe", "opencv")


def with_models(folder: Path) -> Path:
    """The folder with the files of some models, which hold nothing."""
    for name, size in (("a.cfg", 3), ("a.weights", 40), ("b.pt2", 7), ("zoo.py", 5), ("w.pth", 6)):
        (folder / name).write_bytes(b"x" * size)
    return folder


def read(text: str, folder: Path) -> Manifest:
    return manifest_of(text, folder, TARGETS, file="zoo.toml")


def problems(text: str, folder: Path) -> list[str]:
    with pytest.raises(ConversionError) as caught:
        read(text, folder)
    return [str(problem) for problem in caught.value.problems]
