"""What a batch came to, for other programs: summary.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from caffe_ir.text_files import write_text
from converters.batch.job import Result

MARK = '"tool": "tocaffe"'
"""What a summary of ours is known by."""
STATES = ("converted", "unchanged", "failed")


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many results there are of each state."""
    return {state: sum(result.state == state for result in results) for state in STATES}


def write_summary(path: Path, results: Sequence[Result], *, seconds: float, version: str) -> None:
    """Write the summary, whole or not at all, in a folder that is made if it is not there. Raises ConversionError."""
    told = {
        "tool": "tocaffe",
        "version": version,
        "seconds": round(seconds, 3),
        **counts(results),
        "models": [_told(result) for result in results],
    }
    write_text(path, json.dumps(told, indent=1) + "\n", mark=MARK)


def _told(result: Result) -> dict[str, Any]:
    """One model as the summary tells it: times in seconds, memory and files in bytes."""
    return {
        "name": result.name,
        "target": result.target,
        "state": result.state,
        "seconds": result.seconds,
        "peak_memory": result.peak_memory,
        "layers": result.layers,
        "bytes": result.bytes,
        "files": {path: size for path, (size, _) in result.files.items()},
        "verify": result.verify,
        "report": result.report,
        "warnings": list(result.warnings),
        "problems": list(result.problems),
    }
