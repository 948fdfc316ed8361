"""Layers with names that derive from the call's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import Origin
from caffe_ir.free_names import FreeNames
from caffe_ir.layers import Input, ReLU, Slice
from caffe_ir.net import Net
from converters.pytorch.graph.build import Build

ORIGIN = Origin(layer="body.conv", what="conv2d", file="net.py", line=7)


def build_of():
    build = Build(net=Net(name="test"), origin=Origin(layer="x"), names=FreeNames(), weights={})
    x = build.add(Input(shape=(1, 4, 5)))
    build.origin = ORIGIN
    return build, x


def test_layers_have_the_calls_name_and_origin():
    build, x = build_of()
    first = build.add(ReLU(), x, suffix="inner")
    second, third = build.add(ReLU(), first), build.add(ReLU(), first)
    left, right = build.add_many(Slice(slice_point=(1,)), third, tops=2, suffix="cut")
    names = [value.blob for value in (first, second, third, left, right)]
    assert names == ["body.conv_inner", "body.conv", "body.conv_2", "body.conv_cut_0", "body.conv_cut_1"]
    assert right.shape == (1, 3, 5)
    assert all(node.origin is ORIGIN for node in build.net.nodes[1:])


def test_reshape_says_as_little_as_it_can():
    build, x = build_of()
    assert build.reshape(x, (1, 4, 5)) is x
    assert str(build.net.producer(build.reshape(x, (1, 20)).blob).layer) == "Flatten()"
    assert "0, 2, 10" in str(build.net.producer(build.reshape(x, (1, 2, 10)).blob).layer)
    assert "2, 10" in str(build.net.producer(build.reshape(x, (2, 10)).blob).layer)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.int64])
def test_weights_of_other_types_become_float32(kind):
    build, _ = build_of()
    held = build.constant(torch.tensor([[1, 2, 3]], dtype=kind))
    loaded = build.net.producer(held.blob).blobs[0].load()
    assert loaded.dtype == np.float32
    assert loaded.tolist() == [[1, 2, 3]]


def test_weights_that_do_not_lie_in_one_row():
    build, _ = build_of()
    tensor = torch.arange(6.0).reshape(2, 3).T
    assert build.blob(tensor).load().tolist() == [[0, 3], [1, 4], [2, 5]]
