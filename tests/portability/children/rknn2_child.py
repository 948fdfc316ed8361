"""RKNN-Toolkit2 and its simulator, in float16. Run as a file: rknn2_child.py JOB.json

Its net may have more outputs than that of Caffe: what nothing reads after its rewriting is one. They have names.
"""

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
tensors = net.rknn_base.inputs_meta["attrs"]
known = sorted((one for one in tensors if tensors[one]["is_output"]), key=lambda one: tensors[one]["idx"])
places: list[int] = []
for layer, name, blob in job["wanted"]:
    names = [one for one in (name, blob, layer) if one in known]
    if not names and len(known) != len(job["wanted"]):
        sys.exit(f"Error: its net has the outputs {known}, and no {blob}")
    places.append(known.index(names[0]) if names else len(places))
feeds = list(job["feeds"].values())
found = net.inference(inputs=feeds, data_format=["nchw" if one.ndim == 4 else "undefined" for one in feeds])
if found is None:
    sys.exit("Error: it computes nothing")
finish(job, [found[place] for place in places])
