"""A net in ncnn, timed. Run as a file, beside whose interpreter stands caffe2ncnn: prices_ncnn_child.py STEM ROUNDS;
prints seconds. STEM.npz has the inputs; ncnn has no batch axis, which is taken off."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import ncnn
import numpy as np


def main(stem: str, rounds: int) -> None:
    """Print the seconds of the shortest forward."""
    files = [f"{stem}.{suffix}" for suffix in ("prototxt", "caffemodel", "param", "bin")]
    program = Path(sys.executable).with_name("caffe2ncnn")
    subprocess.run([program, *files], check=True, capture_output=True)
    net = ncnn.Net()
    net.opt.num_threads = 1
    if net.load_param(files[2]) or net.load_model(files[3]):
        sys.exit("ncnn does not load what caffe2ncnn wrote")
    with np.load(f"{stem}.npz") as inputs:
        arrays = {name: np.ascontiguousarray(inputs[name][0]) for name in inputs.files}
    mats = {name: ncnn.Mat(array).clone() for name, array in arrays.items()}  # a Mat does not keep its array
    times = []
    for _ in range(rounds + 2):
        extractor = net.create_extractor()
        begin = time.perf_counter()
        for name, mat in mats.items():
            extractor.input(name, mat)
        for name in net.output_names():
            code, _ = extractor.extract(name)
            if code:
                sys.exit(f"ncnn computes no {name}")
        times.append(time.perf_counter() - begin)
    print(min(times[2:]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
