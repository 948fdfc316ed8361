"""A net in BVLC Caffe's own Python module, forward once for each set of inputs. Run: caffe_runs_child.py FOLDER"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import caffe
import numpy as np


def main(folder: Path) -> None:
    """Leave outputs.npz, by number and blob as inputs.npz is, and report.json.

    The latter has the ms of the last forward, and the bytes of all blobs.
    """
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    caffe.set_mode_cpu()
    net = caffe.Net(job["prototxt"], job["caffemodel"], caffe.TEST)
    found: dict[str, Any] = {}
    seconds = 0.0
    with np.load(folder / "inputs.npz") as inputs:
        for number in range(job["runs"]):
            for name in net.inputs:
                net.blobs[name].data[...] = inputs[f"{number}/{name}"]
            begin = time.perf_counter()
            net.forward()
            seconds = time.perf_counter() - begin
            found |= {f"{number}/{output}": net.blobs[output].data.copy() for output in job["outputs"]}
    np.savez(folder / "outputs.npz", **found)
    pieces = {blob.data.ctypes.data: blob.data.nbytes for blob in net.blobs.values()}
    report = {"ms": 1e3 * seconds, "bytes": sum(pieces.values())}
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
