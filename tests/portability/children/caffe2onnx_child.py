"""caffe2onnx, then onnxruntime. Run as a file: caffe2onnx_child.py JOB.json"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from caffe2onnx.src.caffe2onnx import Caffe2Onnx
from caffe2onnx.src.load_save_model import loadcaffemodel, saveonnxmodel
from job import finish, opened

np.__dict__.update(int=int, float=float)  # their names until NumPy 1.24, by which caffe2onnx still calls them
job = opened()
path = str(Path(job["folder"], "net.onnx"))
graph, weights = loadcaffemodel(job["prototxt"], job["caffemodel"])
saveonnxmodel(Caffe2Onnx(graph, weights, path).createOnnxModel(), path)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.enable_mem_reuse = False  # by sizes that caffe2onnx states wrongly behind a Slice: it stops there by chance
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
feeds = dict(zip((one.name for one in session.get_inputs()), job["feeds"].values(), strict=True))
known = [one.name for one in session.get_outputs()]
wanted: list[str] = []
for layer, name, blob in job["wanted"]:
    names = [one for one in known if one in (name, blob, layer, f"{layer}_Y", f"{name}_Y")]
    if not names and len(known) != len(job["wanted"]):
        sys.exit(f"Error: its net has the outputs {known}, and no {blob}")
    wanted.append(names[0] if names else known[len(wanted)])
finish(job, session.run(wanted, feeds))
