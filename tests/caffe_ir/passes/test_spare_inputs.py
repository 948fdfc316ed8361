"""An input that only gives a size goes with the layer that asked for it; the others, and the outputs, stay."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import Origin
from caffe_ir.layers import Convolution, Crop, Input, ReferencedInterp, ReLU
from caffe_ir.node import Node
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.passes.spare_inputs import SPARE_INPUTS
from caffe_ir.targets import CAFFE, NCNN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, assert_same, rewritten


def asking(layer, *, through_a_layer=False):
    """A map that takes its size from a second input, as it is or behind a layer of its own."""
    net = net_of((1, 3, 12, 14))
    net.append(Node(name="ref", layer=Input(shape=(1, 2, 6, 7)), tops=("ref",), origin=Origin(layer="ref")))
    add(net, "relu", ReLU(), bottoms=("data",))
    if through_a_layer:
        weights = np.ones((5, 2, 1, 1))
        add(net, "map", Convolution(num_output=5, kernel_size=(1, 1), bias_term=False), weights, bottoms=("ref",))
    add(net, "sized", layer, bottoms=("relu", "map" if through_a_layer else "ref"))
    return net


def inputs(net):
    return [node.name for node in net.nodes if isinstance(node.layer, Input)]


@pytest.mark.parametrize("through_a_layer", [False, True])
@pytest.mark.parametrize(("layer", "target"), [(Crop(offset=(3,)), NCNN), (ReferencedInterp(), CAFFE)])
def test_an_input_goes_with_the_layer_that_asked_for_its_size(layer, target, through_a_layer):
    net = asking(layer, through_a_layer=through_a_layer)
    after = lower(net.copy(), target, Options())
    assert inputs(after) == ["data"]
    assert after.outputs == net.outputs
    assert_same(net, after, 1e-6)  # the weights of a resize are float32
    dropped = [note.text for note in after.notes if note.kind == "dropped" and note.origin == Origin(layer="ref")]
    assert dropped == ["the input ref only gives a size, which is 1x2x6x7 from now on: the net does not have it"]


def test_where_the_layer_stays_the_input_stays():
    assert inputs(lower(asking(Crop(offset=(3,))), ALONE.target, Options())) == ["data", "ref"]


def test_an_input_that_the_source_itself_gives_back_stays():
    net = asking(ReferencedInterp())
    net.outputs.append("ref")
    assert inputs(lower(net, CAFFE, Options())) == ["data", "ref"]


def test_golden_dump():
    net = asking(Crop())
    net.remove(net.node("sized"))
    net.outputs = ["relu"]
    assert rewritten(net, SPARE_INPUTS).dump() == (
        "net tiny\n  data: Input(shape=[(1, 3, 12, 14)])  -> data  [1x3x12x14]\n"
        "  relu: ReLU() data -> relu  [1x3x12x14]\n  outputs relu\n"
    )
