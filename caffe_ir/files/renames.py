"""Renaming a file onto another one, also on Windows, where neither may be open in any program."""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path

_PATIENCE = 2.0
"""Seconds in which whoever looks at each new file, a virus scanner or an indexer, has done so."""
_IN_USE = (5, 32)
"""Windows' error codes ERROR_ACCESS_DENIED and ERROR_SHARING_VIOLATION."""

if sys.platform == "win32":

    def _in_use(error: PermissionError) -> bool:
        return error.winerror in _IN_USE

else:

    def _in_use(error: PermissionError) -> bool:
        return False


def renamed(source: Path, target: Path) -> None:
    """Put a file in the place of another one, whole or not at all. Raises OSError.

    On Windows that fails while anybody has one of the two open, or mapped, which is waited for a moment.
    """
    begin = time.monotonic()
    while True:
        try:
            os.replace(source, target)
        except PermissionError as error:
            if not _in_use(error):
                raise
            if time.monotonic() - begin > _PATIENCE:
                why = "another program has it open: close it there, and try again"
                raise PermissionError(error.errno, why, str(target)) from error
            gc.collect()  # what this process has mapped itself, and needs no more
            time.sleep(0.05)
        else:
            return
