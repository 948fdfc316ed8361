"""caffe2ncnn, which stands beside the interpreter, then ncnn. Run as a file: ncnn_child.py JOB.json

ncnn has no batch axis: it is taken off each input. Half precision and Winograd's transform are off.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import ncnn
import numpy as np
from job import finish, opened

job = opened()
folder, program = Path(job["folder"]), Path(sys.executable).with_name("caffe2ncnn")
param, weights = str(folder / "net.param"), str(folder / "net.bin")
command = [program, job["prototxt"], job["caffemodel"], param, weights]
done = subprocess.run(command, check=False, capture_output=True)
if done.returncode < 0:
    os.kill(os.getpid(), signal.SIGSEGV)
if done.returncode or b"not found" in done.stderr + done.stdout:
    sys.exit(f"Error: caffe2ncnn: {(done.stderr or done.stdout).decode(errors='replace')[-200:]}")
net = ncnn.Net()
for option in (
    "use_fp16_packed",
    "use_fp16_storage",
    "use_fp16_arithmetic",
    "use_bf16_storage",
    "use_winograd_convolution",
):
    setattr(net.opt, option, False)
net.opt.num_threads = 1
if net.load_param(param) or net.load_model(weights):
    sys.exit("Error: ncnn does not load what caffe2ncnn wrote")
extractor = net.create_extractor()
for name, array in job["feeds"].items():
    extractor.input(name, ncnn.Mat(np.ascontiguousarray(array[0])).clone())
outputs = []
ends = net.output_names()
for layer, name, blob in job["wanted"]:
    in_place = f"{name}_{layer}"  # what caffe2ncnn calls the top of a layer in place
    code, found = extractor.extract(in_place if in_place in ends else name)
    if code or found.empty():
        sys.exit(f"Error: ncnn computes no {blob}")
    outputs.append(np.array(found))
finish(job, outputs)
