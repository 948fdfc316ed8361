"""The decoders that `convert decoder` writes, run: the Python file, and the C file compiled without a warning."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffe_ir.blob import Array
from converters.decode import Detection, Facts
from converters.decode.standalone import standalone

CC = shutil.which("gcc") or shutil.which("clang")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-O2")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
needs_compiler = pytest.mark.skipif(CC is None, reason="there is no C compiler")

Decode = Callable[[Mapping[str, Array], tuple[int, int], float], list[Detection]]
"""Objects of a picture: from the blobs by name, the picture's height and width, and the threshold of the scores."""


def python_decoder(facts: Facts) -> Decode:
    names: dict[str, Any] = {}
    exec(compile(standalone(facts, "deploy", "python"), "deploy.decoder.py", "exec"), names)
    return lambda blobs, size, threshold: _detections(names["decode"](blobs, *size, threshold))


class Box(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_float) for name in ("x", "y", "width", "height", "score")),
        ("category", ctypes.c_int),
        ("order", ctypes.c_int),
    )


class InC:
    """The C file as a shared library."""

    def __init__(self, folder: Path, facts: Facts) -> None:
        source, library = folder / "x.decoder.c", folder / "x.so"
        source.write_text(standalone(facts, "my-net 2", "c"))
        subprocess.run([str(CC), *STRICT, "-shared", "-fPIC", source, "-o", library, "-lm"], check=True)
        self.decode = ctypes.CDLL(str(library)).my_net_2_decode
        self.decode.argtypes = (
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_float,
            ctypes.c_void_p,
            ctypes.c_int,
        )

    def __call__(self, blobs: list[np.ndarray], size: tuple[int, int], threshold: float, room: int = 5000) -> Any:
        given = [np.ascontiguousarray(blob, np.float32) for blob in blobs]
        pointers = (ctypes.c_void_p * len(given))(*(one.ctypes.data for one in given))
        found = (Box * room)()
        count = self.decode(pointers, size[1], size[0], threshold, found, room)
        if count < 0:
            return count
        return [(one.category, one.score, one.x, one.y, one.width, one.height) for one in found[:count]]


def c_decoder(folder: Path, facts: Facts) -> Decode:
    in_c, names = InC(folder, facts), dict.fromkeys(str(blob) for head in facts.heads for blob, _ in head.reads)
    return lambda blobs, size, threshold: _detections(in_c([blobs[name] for name in names], size, threshold))


def _detections(rows: Sequence[tuple[int, float, float, float, float, float]]) -> list[Detection]:
    return [Detection(category=category, score=score, place=(x, y, w, h)) for category, score, x, y, w, h in rows]


def decoder(language: str, folder: Path, facts: Facts) -> Decode:
    """What `convert decoder` writes in a language, `python` or `c`."""
    return python_decoder(facts) if language == "python" else c_decoder(folder, facts)


LANGUAGES = [pytest.param("c", marks=needs_compiler), "python"]
