"""What a format is to the fuzzer: inputs out of a generator, and the reader that they are given to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from msgspec import Struct

Files = dict[str, bytes]
"""An input: the contents of the files that a reader is given, by their names in one folder."""


class Format(Struct, frozen=True, kw_only=True):
    """One reader with its inputs.

    `make` gives the input that a generator decides on, always the same for the same one. `read` gives the files of a
    folder to the reader: it returns where the input was accepted, raises ConversionError where it was refused, and
    anything else is a fault.
    """

    name: str
    make: Callable[[Random], Files]
    read: Callable[[Path], None]
