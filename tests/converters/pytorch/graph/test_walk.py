"""What the walk knows on its way."""

from __future__ import annotations

import torch

from caffe_ir.errors import Origin
from caffe_ir.layers import ReLU
from caffe_ir.net import Net
from converters.pytorch.graph.walk import Walk, appended_input, build_of


def test_layers_of_one_walk_share_their_names_and_weights():
    walk = Walk(net=Net(name="net"), handlers={}, hints={}, origins={}, known={})
    origin = Origin(layer="x")
    value = appended_input(walk, origin, torch.zeros(1, 2, 3, dtype=torch.float16))
    assert (value.blob, value.shape, value.dtype) == ("x", (1, 2, 3), torch.float16)
    again = build_of(walk, origin).add(ReLU(), value)
    assert again.blob == "x_2"
    assert [node.name for node in walk.net.nodes] == ["x", "x_2"]
    held = torch.zeros(2)
    assert walk.weights[build_of(walk, origin).blob(held)].data_ptr() == held.data_ptr()
