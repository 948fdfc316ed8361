"""What every reader of weights by name is asked for: the tensors of a file, and their numbers."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from caffe_ir.errors import ConversionError
from converters.weights import Tensor, open_weights

MOST = 1 << 22
"""Numbers of a tensor that are read."""


def read_tensors(path: Path) -> None:
    """Open a file of weights, and read what `convert dump` reads. Raises ConversionError where it is refused."""
    found: Any = open_weights(path)
    for tensor in _all(getattr(found, "tensors", found)):
        if prod(tensor.shape) <= MOST:
            try:
                tensor.read()
                tensor.blob.load()
            except ConversionError:  # what lies behind a header may be damaged, and is unpacked only now
                continue


def _all(nested: Any) -> list[Tensor]:
    found: list[Tensor] = []
    waiting = [nested]
    while waiting:
        for value in waiting.pop().values():
            if isinstance(value, Tensor):
                found.append(value)
            else:
                waiting.append(value)
    return found
