"""All formats by name: the module that has each, and how many of a thousand inputs it gets.

What takes long to read gets few: a million inputs take an hour of two processors.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence

from tests.fuzz.format import Format

MODULES: Mapping[str, tuple[str, int]] = {
    "cfg": ("cfg", 40),
    "weights": ("weights", 100),
    "prototxt": ("prototxt", 50),
    "caffemodel": ("caffemodel", 80),
    "hdf5": ("hdf5", 40),
    "pth": ("pth", 90),
    "pth-legacy": ("pth", 80),
    "safetensors": ("safetensors", 100),
    "npy": ("numpy_files", 80),
    "npz": ("numpy_files", 70),
    "manifest": ("manifest", 40),
    "journal": ("journal", 50),
    "picture": ("inputs", 60),
    "input-array": ("inputs", 30),
    "heads": ("heads", 30),
    "comment": ("comment", 20),
    "pth-into-module": ("torch_files", 40),
    "pt2": ("torch_files", 12),
    "torchscript": ("torch_files", 18),
}


def load(name: str) -> Format:
    """The format of a name, and whatever its reader imports."""
    module = importlib.import_module(f"tests.fuzz.formats.{MODULES[name][0]}")
    formats: Sequence[Format] = module.FORMATS
    return next(one for one in formats if one.name == name)


def counts(total: int, names: Sequence[str]) -> dict[str, int]:
    """How many of so many inputs each of these formats gets, at least one."""
    shares = {name: MODULES[name][1] for name in names}
    whole = sum(shares.values())
    return {name: max(1, total * share // whole) for name, share in shares.items()}
