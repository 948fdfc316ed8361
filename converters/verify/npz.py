"""Arrays by any names in an .npz. numpy.savez takes the names as its own arguments, and `file` is one of them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from caffe_ir.blob import Array


def write_npz(file: Path | BinaryIO, arrays: Mapping[str, Array]) -> None:
    """Write the arrays as float32, row by row. Raises OSError."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.ascontiguousarray(array, np.float32), allow_pickle=False)
