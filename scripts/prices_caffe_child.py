"""A net in BVLC Caffe's own Python module, timed. Run as a file: prices_caffe_child.py STEM ROUNDS; prints seconds."""

from __future__ import annotations

import sys
import time

import caffe
import numpy as np


def main(stem: str, rounds: int) -> None:
    """Print the seconds of the shortest forward; STEM.npz has the inputs."""
    caffe.set_mode_cpu()
    net = caffe.Net(f"{stem}.prototxt", f"{stem}.caffemodel", caffe.TEST)
    with np.load(f"{stem}.npz") as inputs:
        for name in inputs.files:
            net.blobs[name].data[...] = inputs[name]
    times = []
    for _ in range(rounds + 2):
        begin = time.perf_counter()
        net.forward()
        times.append(time.perf_counter() - begin)
    print(min(times[2:]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
