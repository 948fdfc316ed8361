"""What a batch came to, for other programs: summary.json."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from caffe_ir.errors import ConversionError, Problem
from converters.batch.job import Result

STATES = ("converted", "unchanged", "failed")


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many results there are of each state."""
    return {state: sum(result.state == state for result in results) for state in STATES}


def write_summary(path: Path, results: Sequence[Result], *, seconds: float, version: str) -> None:
    """Write the summary, whole or not at all. Raises ConversionError."""
    told = {
        "version": version,
        "seconds": round(seconds, 3),
        **counts(results),
        "models": [_told(result) for result in results],
    }
    write_whole(path, json.dumps(told, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a text beside its place and move it there. Raises ConversionError."""
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise ConversionError(Problem(what=f"cannot write {path}", why=error.strerror or str(error))) from None


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
