"""The process that holds Caffe: a failed check inside it ends the process. Run as a file: pycaffe_child.py JOB.json

Runs layer by layer and saves each wanted blob as soon as its layer has written it, before another overwrites it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np


def main(path: str) -> None:
    """Run the job and leave a file `done`."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    import caffe

    job = json.loads(Path(path).read_text(encoding="utf-8"))
    caffe.set_mode_cpu()
    net = caffe.Net(job["prototxt"], job["caffemodel"], caffe.TEST)
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
    main(sys.argv[1])
