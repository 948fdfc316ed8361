"""A net in BVLC Caffe itself, on several inputs one after the other in one process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.files.writer import Written

CHILD = Path(__file__).with_name("children") / "caffe_runs_child.py"


def in_caffe(
    engine: Path, written: Written, outputs: Sequence[str], feeds: Sequence[Mapping[str, Array]], folder: Path
) -> tuple[list[list[Array]], dict[str, Any]]:
    """The outputs of each set of inputs, which run one after the other, and the report of the process.

    Raises RuntimeError with Caffe's last words.
    """
    folder.mkdir()
    named: dict[str, Any] = {
        f"{number}/{name}": array for number, feed in enumerate(feeds) for name, array in feed.items()
    }
    np.savez(folder / "inputs.npz", **named)
    files = {"prototxt": str(written.prototxt), "caffemodel": str(written.caffemodel)}
    job = {**files, "outputs": list(outputs), "runs": len(feeds)}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "GLOG_minloglevel": "2"}
    command = [engine / "bin" / "python", CHILD, folder]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=alone)
    if done.returncode:
        failed = [line for line in done.stderr.splitlines() if "Check failed" in line or "Error" in line]
        raise RuntimeError(f"Caffe ends with {done.returncode}: {(failed or ['nothing said'])[0]}")
    with np.load(folder / "outputs.npz") as found:
        arrays = [[found[f"{number}/{output}"] for output in outputs] for number in range(len(feeds))]
    return arrays, json.loads((folder / "report.json").read_text(encoding="utf-8"))
