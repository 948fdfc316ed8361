"""RKNN-Toolkit2 and its simulator, in float16. Run as a file: rknn2_child.py JOB.json"""

from __future__ import annotations

import sys

from job import finish, opened
from rknn.api import RKNN

job = opened()
net = RKNN(verbose=False)
net.config(target_platform="rk3588")
for step, done in (
    ("load_caffe", lambda: net.load_caffe(model=job["prototxt"], blobs=job["caffemodel"])),
    ("build", lambda: net.build(do_quantization=False)),
    ("init_runtime", net.init_runtime),
):
    if done():
        sys.exit(f"Error: {step} fails")
feeds = list(job["feeds"].values())
found = net.inference(inputs=feeds, data_format=["nchw" if one.ndim == 4 else "undefined" for one in feeds])
if found is None:
    sys.exit("Error: it computes nothing")
finish(job, found)
