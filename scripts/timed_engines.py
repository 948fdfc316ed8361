"""Nets opened in an engine, each as a function that gives the seconds of one forward: the time of one thread."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

Array = np.ndarray[Any, Any]
Run = Callable[[], float]


def files_in_opencv(stem: Path, x: Array, converter: Path | None = None) -> Run:
    return in_opencv(cv2.dnn.readNetFromCaffe(f"{stem}.prototxt", f"{stem}.caffemodel"), x)


def in_opencv(opened: Any, x: Array) -> Run:
    opened.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    ends = opened.getUnconnectedOutLayersNames()

    def run() -> float:
        opened.setInput(x)
        begin = time.thread_time()
        opened.forward(ends)
        return time.thread_time() - begin

    return run


def files_in_mnn(stem: Path, x: Array, converter: Path | None = None) -> Run:
    files = ("--modelFile", f"{stem}.caffemodel", "--prototxt", f"{stem}.prototxt")
    return in_mnn(stem.with_suffix(".mnn"), x, "-f", "CAFFE", *files)


def in_mnn(model: Path, x: Array, *options: str | Path) -> Run:
    import _tools
    import MNN

    _tools.mnnconvert(["mnnconvert", *map(str, options), "--MNNModel", str(model), "--bizCode", "x"])
    opened = MNN.Interpreter(str(model))
    session = opened.createSession({"backend": "CPU", "numThread": 1, "precision": "high"})
    given = MNN.Tensor(x.shape, MNN.Halide_Type_Float, x, MNN.Tensor_DimensionType_Caffe)
    opened.getSessionInput(session).copyFrom(given)

    def run() -> float:
        begin = time.thread_time()
        opened.runSession(session)
        return time.thread_time() - begin

    return run


def files_in_ncnn(stem: Path, x: Array, converter: Path | None = None) -> Run:
    assert converter is not None, "it is asked for"
    files = [f"{stem}.{kind}" for kind in ("prototxt", "caffemodel", "param", "bin")]
    subprocess.run([converter, *files], check=True, capture_output=True)
    return _in_ncnn(*files[2:], x)


def by_pnnx(traced: Path, x: Array) -> Run:
    import pnnx

    command = [Path(pnnx.__file__).with_name("pnnx"), traced.name, f"inputshape=[{','.join(map(str, x.shape))}]"]
    subprocess.run(command, check=True, capture_output=True, cwd=traced.parent)
    param, weights = (str(traced.with_suffix(f".ncnn.{kind}")) for kind in ("param", "bin"))
    return _in_ncnn(param, weights, x)


def _in_ncnn(param: str, weights: str, x: Array) -> Run:
    import ncnn

    opened, given = ncnn.Net(), ncnn.Mat(np.ascontiguousarray(x[0])).clone()
    opened.opt.num_threads = 1
    if opened.load_param(param) or opened.load_model(weights):
        raise click.ClickException(f"ncnn does not load {param}")
    (first, *_), ends = opened.input_names(), opened.output_names()

    def run() -> float:
        begin = time.thread_time()
        extractor = opened.create_extractor()
        extractor.input(first, given)
        for end in ends:
            extractor.extract(end)
        return time.thread_time() - begin

    return run


FILES: Mapping[str, Callable[..., Run]] = {
    "opencv": files_in_opencv,
    "mnn": files_in_mnn,
    "ncnn": files_in_ncnn,
}
"""What opens the files of a stem."""
