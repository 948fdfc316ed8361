"""The process that holds MNN: its converter crashes on nets that it does not like. Run as a file; child.py says
what it reads and leaves. The net is converted for the first job, and stays for the others.

The converter is called where it is, in the extension `_tools`. The wheel's own command mnnconvert is not: it installs a
package by itself and reports each conversion to a server.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Do the jobs, all of one net, each with its inputs."""
    import MNN

    net = session = names = None
    for line in sys.stdin:
        job = json.loads(line)
        net = net or _converted(MNN, job)
        wanted = [_called(layer, written, blob, job) for layer, written, blob in job["wanted"]]
        if wanted != names:
            names = wanted
            known = tuple(name for each in names for name in each)
            session = net.createSession({"backend": "CPU", "numThread": 2, "precision": "high", "saveTensors": known})
        _run(MNN, net, session, names, job)
        sys.stdout.write(f"\n{job['next']}\n")
        sys.stdout.flush()


def _converted(engine: Any, job: dict[str, Any]) -> Any:
    import _tools

    model = str(Path(job["folder"], "net.mnn"))
    files = ["--modelFile", job["caffemodel"], "--prototxt", job["prototxt"], "--MNNModel", model]
    _tools.mnnconvert(["mnnconvert", "-f", "CAFFE", *files, "--bizCode", "x", "--optimizeLevel", "0"])
    if not Path(model).is_file():
        sys.exit("Error: the converter wrote no net")
    return engine.Interpreter(model)


def _run(engine: Any, net: Any, session: Any, names: Sequence[Sequence[str]], job: dict[str, Any]) -> None:
    for name, source in job["inputs"].items():
        _feed(engine, net, session, name, np.load(source))
    net.runSession(session)
    for number, called in enumerate(names):
        found = (_tensor(net, session, name) for name in called)
        tensor = next((one for one in found if one is not None), None)
        if tensor is not None and 0 in tensor.getShape():
            sys.exit(f"Error: MNN finds no size for {called[0]}")
        if tensor is not None:
            np.save(Path(job["folder"], f"{number}.npy"), _host(engine, tensor, tensor.getShape()))
    Path(job["folder"], "done").touch()


def _called(layer: str, written: str, blob: str, job: dict[str, Any]) -> tuple[str, ...]:
    """What MNN may call a blob: like its layer, where that works in place or is a function, as a square.

    Nothing where another layer is called like it: MNN may have one tensor of that name then, the last.
    """
    if written != blob:
        return (layer,)
    if layer != blob and blob in job["layers"]:
        return ()
    return (blob,) if layer in job["blobs"] else (blob, layer)


def _feed(engine: Any, net: Any, session: Any, name: str, array: np.ndarray[Any, Any]) -> None:
    tensor = net.getSessionInput(session, name)
    if tuple(tensor.getShape()) != array.shape:
        net.resizeTensor(tensor, array.shape)
        net.resizeSession(session)
    kind = engine.Tensor_DimensionType_Caffe
    tensor.copyFrom(engine.Tensor(array.shape, engine.Halide_Type_Float, np.ascontiguousarray(array), kind))


def _tensor(net: Any, session: Any, name: str) -> Any:
    """A tensor by its name; None where the converter has joined it with another."""
    try:
        return net.getSessionOutput(session, name)
    except Exception:
        return None


def _host(engine: Any, tensor: Any, shape: Any) -> np.ndarray[Any, Any]:
    host = engine.Tensor(
        shape, engine.Halide_Type_Float, np.zeros(shape, np.float32), engine.Tensor_DimensionType_Caffe
    )
    tensor.copyToHostTensor(host)
    return np.array(host.getNumpyData()).reshape(shape)


if __name__ == "__main__":
    main()
