"""The programs that read Caffe files, each run in a process of its own, and what each makes of a net."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Literal

import numpy as np
from google.protobuf.text_encoding import CUnescape
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.net import Net
from caffe_ir.proto import caffe_pb2
from converters.verify.child import job_of
from converters.verify.engine import CaffeFiles
from converters.verify.mnn_engine import CHILD as MNN_CHILD
from converters.verify.pycaffe_engine import CHILD as CAFFE_CHILD
from tests.portability.nets import Model

CHILDREN = Path(__file__).with_name("children")
FOLDER = Path(os.environ.get("TOCAFFE_ENGINES", Path(__file__).parent.parent.parent / "build" / "engines"))
"""Where scripts/install_engines put the engines."""
FORKED = CHILDREN / "forked.py"
RIGHT = 2e-3
"""Of an output's largest number: rounding costs less in these nets, a layer that is computed wrongly costs more."""
EXACT = 1e-4
"""The same for those that lose no more than that by any way of their own to compute: Winograd's transform, halves."""
TIMEOUT = 120.0
NAMED = re.compile(r'(\b(?:name|bottom|top|input): *)"((?:[^"\\]|\\.)*)"')
"""A name of a layer or a blob in a prototxt, and what stands before it."""

Outcome = Literal["right", "WRONG", "refused", "crash", "timeout", "absent", "not written"]


class Engine(Struct, frozen=True, kw_only=True):
    """Runs a pair of Caffe files: `child` is a program for an interpreter that has `modules`."""

    name: str
    child: Path
    modules: Sequence[str]
    preloaded: Sequence[str] = ()
    """What its child imports besides, for many nets once."""
    right: float = RIGHT
    """The largest error of rounding, of an output's largest number."""
    forks: bool = True
    """Its modules can be loaded before the fork that makes a process for each net; else each process loads them."""
    python: str = sys.executable
    beside: Sequence[str] = ()
    """Programs that have to stand beside the interpreter."""
    plain_names: bool = False
    """It takes names for those of Python: it is given files where every other sign is an underscore."""

    def missing(self) -> str:
        """What has to be installed for it; empty where nothing is."""
        if not Path(self.python).exists():
            return f"no interpreter {self.python}"
        lacking = [one for one in self.beside if not Path(self.python).with_name(one).exists()]
        code = "; ".join(f"import {one}" for one in self.modules)
        done = subprocess.run([self.python, "-c", code], check=False, capture_output=True)
        return ", ".join(lacking) if not done.returncode else f"import fails: {_last_words(done.stderr)}"


class Result(Struct, frozen=True, kw_only=True):
    """What an engine made of a net; `error` is the largest of all outputs, relative to each one's largest number."""

    outcome: Outcome
    error: float = 0.0
    message: str = ""


class Files(Struct, frozen=True, kw_only=True):
    """A net, and the stem of the two files that it was written to."""

    net: Net
    stem: Path

    @property
    def caffe_files(self) -> CaffeFiles:
        """The two files, by their names."""
        prototxt, caffemodel = (
            self.stem.with_name(f"{self.stem.name}.{suffix}") for suffix in ("prototxt", "caffemodel")
        )
        return CaffeFiles(net=self.net, prototxt=prototxt, caffemodel=caffemodel)


class Task(Struct, frozen=True, kw_only=True):
    """Files of a model that an engine is to run in an empty folder."""

    files: Files
    model: Model
    folder: Path


ENGINES: Sequence[Engine] = (
    Engine(name="caffe", child=CAFFE_CHILD, modules=("caffe",), right=EXACT),
    Engine(name="opencv", child=CHILDREN / "opencv_child.py", modules=("cv2",)),
    Engine(name="mnn", child=MNN_CHILD, modules=("MNN", "_tools")),
    Engine(name="ncnn", child=CHILDREN / "ncnn_child.py", modules=("ncnn",), right=EXACT, beside=("caffe2ncnn",)),
    Engine(
        name="caffe2onnx",
        child=CHILDREN / "caffe2onnx_child.py",
        modules=("caffe2onnx", "onnxruntime"),
        right=2.5e-4,  # it divides variances by the factor and 1e-5: each BatchNorm is off by 5e-6
        preloaded=("caffe2onnx.src.caffe2onnx", "caffe2onnx.src.load_save_model"),
    ),
    Engine(
        name="x2paddle",
        child=CHILDREN / "x2paddle_child.py",
        modules=("x2paddle", "paddle"),
        right=EXACT,
        preloaded=(
            "x2paddle.convert",
            "x2paddle.core.program",
            "x2paddle.decoder.caffe_decoder",
            "x2paddle.op_mapper.caffe2paddle.caffe_op_mapper",
        ),
        plain_names=True,
    ),
    Engine(
        name="openvino",
        child=CHILDREN / "openvino_child.py",
        modules=("openvino", "openvino.tools.mo"),
        forks=False,
    ),
    Engine(name="rknn2", child=CHILDREN / "rknn2_child.py", modules=("rknn.api",), right=1e-2),
)


def installed(folder: Path | None) -> Sequence[Engine]:
    """The engines, each by the interpreter of the virtual environment that the folder has under its name, if any."""

    def found(engine: Engine) -> Engine:
        python = folder / engine.name / "bin" / "python" if folder else None
        return replace(engine, python=str(python.absolute())) if python and python.exists() else engine

    return [found(engine) for engine in ENGINES]


def outcome(engine: Engine, files: Files, model: Model, folder: Path) -> Result:
    """What an engine makes of the files of a model; it works in an empty folder."""
    return outcomes(engine, [Task(files=files, model=model, folder=folder)])[0]


def outcomes(engine: Engine, tasks: Sequence[Task]) -> Sequence[Result]:
    """What an engine makes of many nets; its modules are loaded once, and each net has a process of its own."""
    jobs = [_job(task.files, task.model.feeds, task.folder) for task in tasks]
    if engine.plain_names:
        for job in jobs:
            _give_plain_names(job)
    modules = ",".join((*engine.modules, *engine.preloaded)) if engine.forks else ""
    command = [engine.python, str(FORKED), str(engine.child), modules, str(TIMEOUT), *map(str, jobs)]
    done = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"{engine.name}: {_last_words(done.stderr)}")
    return [_outcome(engine, task) for task in tasks]


def given(engine: Engine, task: Task) -> Path:
    """The prototxt that an engine was given."""
    return task.folder / "plain.prototxt" if engine.plain_names else Path(f"{task.files.stem}.prototxt")


def _outcome(engine: Engine, task: Task) -> Result:
    folder = task.folder
    status = (folder / "status").read_text(encoding="utf-8")
    if status == "timeout":
        return Result(outcome="timeout", message=f"no end after {TIMEOUT:.0f} s")
    if not (folder / "done").is_file():
        crashed = os.WIFSIGNALED(int(status))
        return Result(outcome="crash" if crashed else "refused", message=_last_words((folder / "said").read_bytes()))
    paths = [folder / f"{number}.npy" for number in range(len(task.model.outputs))]
    error = max(
        error_of(np.load(path) if path.is_file() else None, wanted)
        for path, wanted in zip(paths, task.model.outputs, strict=True)
    )
    return Result(outcome="right" if error < engine.right else "WRONG", error=error)


def _job(files: Files, feeds: Mapping[str, Array], folder: Path) -> Path:
    job = job_of(files.caffe_files, files.net.outputs, feeds, folder)
    path = folder / "job.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    return path


def _give_plain_names(path: Path) -> None:
    """Name layers and blobs of the job's files, copied, as Python would; the rest of the text stays as it is."""
    job = json.loads(path.read_text(encoding="utf-8"))
    text, weights = Path(job["prototxt"]).read_text(encoding="utf-8"), caffe_pb2.NetParameter()
    weights.ParseFromString(Path(job["caffemodel"]).read_bytes())
    for layer in weights.layer:
        layer.name = _plain(layer.name)
        layer.bottom[:], layer.top[:] = map(_plain, layer.bottom), map(_plain, layer.top)
    job["prototxt"], job["caffemodel"] = (
        str(path.with_name(f"plain.{suffix}")) for suffix in ("prototxt", "caffemodel")
    )
    Path(job["prototxt"]).write_text(NAMED.sub(_plainly_named, text), encoding="utf-8")
    Path(job["caffemodel"]).write_bytes(weights.SerializeToString())
    path.write_text(json.dumps(job), encoding="utf-8")


def _plainly_named(found: re.Match[str]) -> str:
    return f'{found[1]}"{_plain(CUnescape(found[2]).decode())}"'


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", f"b_{name}")


def error_of(found: Array | None, truth: Array) -> float:
    """The largest, relative to the largest number. Axes of size 1 are the programs' own matter; another shape but for
    these, or none, is infinitely wrong."""
    if found is None or _sizes(found) != _sizes(truth) or not np.all(np.isfinite(found)):
        return inf
    return float(np.abs(found.reshape(truth.shape) - truth).max() / np.abs(truth).max())


def _sizes(array: Array) -> list[int]:
    return [size for size in array.shape if size != 1]


def _last_words(text: bytes) -> str:
    lines = [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "error" in line or "not support" in line]
    return (errors or lines or ["it said nothing"])[-1]
