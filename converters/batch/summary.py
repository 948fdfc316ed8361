"""What a batch came to, for other programs: summary.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from caffe_ir.files.text_files import write_text
from converters.batch.job import Result
from converters.batch.outcome import Outcome

MARK = '"tool": "tocaffe"'
"""What a summary of ours is known by."""


def write_summary(path: Path, outcome: Outcome) -> None:
    """Write the summary, whole or not at all, in a folder that is made if it is not there. Raises ConversionError."""
    told = {
        "tool": "tocaffe",
        "version": outcome.version,
        "seconds": round(outcome.seconds, 3),
        **outcome.counts(),
        "files_of_no_model": [{"path": one.path, "why": one.why} for one in outcome.unpaired],
    }
    # a line each: there may be thousands
    models = ",\n  ".join(json.dumps(_told(result)) for result in outcome.results)
    text = json.dumps(told, indent=1).removesuffix("\n}")
    write_text(path, f'{text},\n "models": [\n  {models}\n ]\n}}\n', mark=MARK)


def _told(result: Result) -> dict[str, Any]:
    """One model in the summary: times in seconds, memory and files in bytes."""
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
        "engines": result.engines,
        "report": result.report,
        "warnings": list(result.warnings),
        "problems": list(result.problems),
    }
