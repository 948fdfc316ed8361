"""What a child is asked for, and how it answers: JOB.json names the files, the inputs and the wanted outputs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def opened() -> dict[str, Any]:
    """The job; `feeds` are its inputs by blob, `wanted` has (layer, name in the file, blob)."""
    job: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return {**job, "feeds": {name: np.load(path) for name, path in job["inputs"].items()}}


def finish(job: dict[str, Any], outputs: Sequence[Any]) -> None:
    """Leave the outputs as files, and `done` beside them."""
    folder = Path(job["folder"])
    for number, array in enumerate(outputs):
        np.save(folder / f"{number}.npy", np.ascontiguousarray(array, np.float32))
    (folder / "done").touch()
