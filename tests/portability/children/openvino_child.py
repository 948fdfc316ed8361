"""OpenVINO's Model Optimizer, then OpenVINO on the CPU. Run as a file: openvino_child.py JOB.json"""

from __future__ import annotations

import sys
from typing import Any

import openvino
from job import finish, opened
from openvino.tools.mo import convert_model

job = opened()
model = convert_model(
    input_model=job["caffemodel"], input_proto=job["prototxt"], framework="caffe", compress_to_fp16=False, silent=True
)
compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
inputs = [{one.get_friendly_name(), *one.output(0).get_names()} for one in model.get_parameters()]
feeds = {}
for number, (name, value) in enumerate(job["feeds"].items()):
    places = [place for place, names in enumerate(inputs) if name in names]
    if places or len(inputs) == len(job["feeds"]):  # of an input that nothing reads there is no place
        feeds[places[0] if places else number] = value
known = [each.get_node().input_value(0).get_node().get_friendly_name() for each in compiled.outputs]
tensors: list[set[str]] = [set(each.get_names()) for each in compiled.outputs]
found = compiled(feeds)
wanted: list[Any] = []
for layer, name, blob in job["wanted"]:
    places = [place for place, one in enumerate(known) if one == layer or {layer, name, blob} & tensors[place]]
    if not places and len(known) != len(job["wanted"]):
        sys.exit(f"Error: its net has the outputs {known}, and no {blob}")
    wanted.append(found[places[0] if places else len(wanted)])
finish(job, wanted)
