"""What the files of a net are called: STEM.prototxt, STEM.caffemodel or STEM.caffemodel.h5, and what may lie beside."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.error_kinds.files import SEVERAL_WEIGHTS
from caffe_ir.errors import ConversionError, Problem

PROTOTXT, BINARY, HDF5 = ".prototxt", ".caffemodel", ".caffemodel.h5"
WEIGHTS = (HDF5, BINARY)
BESIDE = (
    ".heads.json", ".input.json", ".aipp.cfg", ".aipp-yuv.cfg", ".nnie.cfg", ".nnie.mean.txt", "_inputmeta.yml",
    ".rknn.py", ".ncnn.h", ".opencv.py", ".tpu-mlir.sh",
)  # fmt: skip
"""The endings of files that may belong to a net besides."""


def stem_of_weights(name: str) -> str:
    """The name without its ending, where it is one of a weights file; else nothing."""
    return next((name.removesuffix(ending) for ending in WEIGHTS if name.endswith(ending)), "")


def weights_beside(stem: str) -> Path:
    """STEM's weights file: the one that is there, or the binary one. Raises ConversionError where both are."""
    there = [path for path in (Path(stem + ending) for ending in WEIGHTS) if path.exists()]
    if len(there) > 1:
        what = f"there are both {there[0]} and {there[1]}"
        raise ConversionError(
            Problem(kind=SEVERAL_WEIGHTS, what=what, why="they may differ", hint="name the one that you mean")
        )
    return there[0] if there else Path(stem + BINARY)
