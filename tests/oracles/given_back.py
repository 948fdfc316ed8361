"""What a user of an engine gets of a pair of Caffe files without asking for a blob by name: the outputs, by name."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

Arrays = Mapping[str, np.ndarray]

needs_mnn = pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")

_CHILD = Path(__file__).with_name("mnn_child.py")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A pair of Caffe files, and what its inputs are fed."""

    prototxt: Path
    caffemodel: Path
    feeds: Arrays


def by_opencv(pair: Pair) -> dict[str, np.ndarray]:
    """The layers of which no top is read, as OpenCV lists them, and what it computes for them."""
    net = cv2.dnn.readNetFromCaffe(str(pair.prototxt), str(pair.caffemodel))
    for name, array in pair.feeds.items():
        net.setInput(np.asarray(array, np.float32), name)
    names = net.getUnconnectedOutLayersNames()
    return {name: np.array(found) for name, found in zip(names, net.forward(names), strict=True)}


def by_mnn(pairs: Sequence[Pair]) -> list[dict[str, np.ndarray] | None]:
    """The outputs of MNN's session for each pair; None where its converter ends the process."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = [_job(Path(folder), place, pair) for place, pair in enumerate(pairs)]
        path = Path(folder, "jobs.json")
        path.write_text(json.dumps(jobs))
        while not all(Path(str(job["result"]) + ".begun").exists() for job in jobs):
            subprocess.run([sys.executable, str(_CHILD), str(path)], check=False, capture_output=True)
        return [_found(Path(str(job["result"]) + ".npz")) for job in jobs]


def _job(folder: Path, place: int, pair: Pair) -> dict[str, object]:
    inputs = dict[str, str]()
    for name, array in pair.feeds.items():
        path = folder / f"{place}.{len(inputs)}.npy"
        np.save(path, np.ascontiguousarray(array, np.float32))
        inputs[name] = str(path)
    files = {"prototxt": str(pair.prototxt), "caffemodel": str(pair.caffemodel)}
    return {**files, "inputs": inputs, "result": str(folder / str(place))}


def _found(path: Path) -> dict[str, np.ndarray] | None:
    if not path.exists():
        return None
    with np.load(path) as arrays:
        return dict(arrays)
