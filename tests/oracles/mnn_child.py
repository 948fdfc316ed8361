"""The process that holds MNN: mnn_child.py JOBS.json, a list of {prototxt, caffemodel, inputs, result}.

Each job's outputs go to its `result`, an .npz. The converter ends the process on nets that it cannot read, so a job
whose result is there is not done again, and `result`.begun says which one it was.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np


def main(path: str) -> None:
    import _tools
    import MNN

    for job in json.loads(Path(path).read_text(encoding="utf-8")):
        begun = Path(job["result"] + ".begun")
        if begun.exists():
            continue
        begun.touch()
        with tempfile.TemporaryDirectory() as folder:
            model = str(Path(folder, "net.mnn"))
            files = ["--modelFile", job["caffemodel"], "--prototxt", job["prototxt"], "--MNNModel", model]
            _tools.mnnconvert(["mnnconvert", "-f", "CAFFE", *files, "--bizCode", "x"])
            outputs: dict[str, Any] = _outputs(MNN, model, job["inputs"])
            np.savez(job["result"], **outputs)


def _outputs(engine: Any, model: str, inputs: dict[str, str]) -> dict[str, np.ndarray]:
    net = engine.Interpreter(model)
    session = net.createSession({"backend": "CPU", "precision": "high"})
    for name, source in inputs.items():
        array, tensor = np.load(source), net.getSessionInput(session, name)
        host = engine.Tensor(array.shape, engine.Halide_Type_Float, array, engine.Tensor_DimensionType_Caffe)
        tensor.copyFrom(host)
    net.runSession(session)
    return {name: _host(engine, tensor) for name, tensor in net.getSessionOutputAll(session).items()}


def _host(engine: Any, tensor: Any) -> np.ndarray:
    shape = tensor.getShape()
    kind = engine.Tensor_DimensionType_Caffe
    host = engine.Tensor(shape, engine.Halide_Type_Float, np.zeros(shape, np.float32), kind)
    tensor.copyToHostTensor(host)
    return np.array(host.getNumpyData()).reshape(shape)


if __name__ == "__main__":
    main(sys.argv[1])
