"""The process that holds Caffe: a failed check inside it ends the process. Run as a file; child.py
says what it reads and leaves.

Runs layer by layer and saves each wanted blob as soon as its layer has written it, before another overwrites it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Do the jobs, each with a net of its own: what a run leaves in weights is not there for the next one."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    import caffe

    caffe.set_mode_cpu()
    for line in sys.stdin:
        job = json.loads(line)
        _run(caffe.Net(job["prototxt"], job["caffemodel"], caffe.TEST), job)
        sys.stdout.write(f"\n{job['next']}\n")
        sys.stdout.flush()


def _run(net: Any, job: dict[str, Any]) -> None:
    for name, source in job["inputs"].items():
        net.blobs[name].data[...] = np.load(source)
    wanted: dict[str, list[tuple[int, str]]] = {}
    for number, (layer, top, _) in enumerate(job["wanted"]):
        wanted.setdefault(layer, []).append((number, top))
    for layer in net._layer_names:
        if layer not in job["inputs"]:
            net.forward(start=layer, end=layer)
        for number, top in wanted.get(layer, ()):
            np.save(Path(job["folder"], f"{number}.npy"), net.blobs[top].data)
    Path(job["folder"], "done").touch()


if __name__ == "__main__":
    main()
