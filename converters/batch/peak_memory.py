"""The most memory that this process has had since it was last asked to forget it."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.platform == "win32":
    import psutil

    def forget() -> None:
        """Let it begin anew, which Windows cannot: the peak is that of the whole process."""

    def peak() -> int:
        """The largest working set in bytes since the process began."""
        return int(psutil.Process().memory_info().peak_wset)

else:
    import resource

    def forget() -> None:
        """Let it begin anew, where the system can (Linux, Documentation/filesystems/proc.rst, clear_refs)."""
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            return

    def peak() -> int:
        """The largest resident memory in bytes since then, or since the process began."""
        try:
            status = Path("/proc/self/status").read_text(encoding="utf-8")
        except OSError:
            unit = 1 if sys.platform == "darwin" else 1024
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
