"""Arrays by any names in an .npz. numpy.savez takes the names as its own arguments, and `file` is one of them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt


def write_npz(file: Path | BinaryIO, arrays: Iterable[tuple[str, npt.ArrayLike]], *, comment: str = "") -> None:
    """Write the arrays as they come, row by row, one in memory at a time. Raises OSError.

    The same arrays give the same bytes at any time; the comment stands at the archive's end.
    """
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment.encode()
        for name, array in arrays:
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asarray(array, order="C"), allow_pickle=False)
