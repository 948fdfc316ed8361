"""What `convert verify --input` is given: files of data, or shapes of inputs as `convert pytorch` takes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_SHAPE = re.compile(r"([A-Za-z_]\w*=)?\d+([xX]\d+)*(:\w+)?")
"""As converters.pytorch.open.inputs spells it, which loads torch; a test holds them together."""


def inputs_apart(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files and the shapes among the words; what is there as a file is one."""
    shapes = tuple(word for word in words if _SHAPE.fullmatch(word.strip()) and not Path(word).exists())
    return tuple(word for word in words if word not in shapes), shapes
