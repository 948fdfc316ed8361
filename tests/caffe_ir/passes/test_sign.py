from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layers import Convolution, Deconvolution, Eltwise, InnerProduct, Power, Scale, Sigmoid
from caffe_ir.passes.sign import SIGN
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

LAYERS = [
    Convolution(num_output=4, kernel_size=(3, 3)),
    Deconvolution(num_output=4, kernel_size=(2, 2), bias_term=False),
    InnerProduct(num_output=4),
    Scale(bias_term=True),
]


def negated(layer):
    net, random = net_of((2, 3, 5, 5)), np.random.default_rng(2)
    weights = [random.normal(size=shape).astype(np.float32) for shape in layer.blob_shapes(((2, 3, 5, 5),))]
    add(net, "before", layer, *weights)
    add(net, "negative", Power(scale=-1.0))
    add(net, "y", Sigmoid())
    return net


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.type_name())
def test_weights_change_their_sign_and_not_one_bit_of_the_result(layer):
    net = negated(layer)
    after = rewritten(net, SIGN)
    assert [node.layer for node in after.nodes[1:]] == [layer, Sigmoid()]
    for old, new in zip(net.node("before").blobs, after.node("before").blobs, strict=True):
        np.testing.assert_array_equal(new.load(), -old.load())
    assert "before" not in after.values  # it holds the negative now
    x = np.random.default_rng(3).normal(size=(2, 3, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(run(after, {"data": x})["y"], run(net, {"data": x})["y"])


@pytest.mark.parametrize("layer", LAYERS[:3], ids=lambda layer: layer.type_name())
def test_a_layer_behind_changes_the_sign_of_its_weights_and_not_of_its_bias(layer):
    net, random = net_of((2, 3, 5, 5)), np.random.default_rng(2)
    add(net, "x", Sigmoid())
    add(net, "negative", Power(scale=-1.0))
    weights = [random.normal(size=shape).astype(np.float32) for shape in layer.blob_shapes(((2, 3, 5, 5),))]
    add(net, "behind", layer, *weights)
    after = rewritten(net, SIGN)
    assert [node.layer for node in after.nodes[1:]] == [Sigmoid(), layer]
    x = np.random.default_rng(3).normal(size=(2, 3, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(run(after, {"data": x})["behind"], run(net, {"data": x})["behind"])


def test_golden_dump():
    assert rewritten(negated(LAYERS[0]), SIGN).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 5, 5)])  -> data  [2x3x5x5]\n"
        "  before: Convolution(num_output=4, kernel_size=[3]) data -> before | [4, 3, 3, 3] [4]  [2x4x3x3]\n"
        "  y: Sigmoid() before -> y  [2x4x3x3]\n"
        "  outputs y\n"
    )


def left_alone(net):
    assert rewritten(net, SIGN).dump() == net.dump()


def test_what_others_read_or_share_and_outputs_stay():
    read = negated(LAYERS[0])
    add(read, "sum", Eltwise(operation="SUM"), bottoms=("before", "negative"))
    read.outputs = ["y", "sum"]
    left_alone(read)
    output = negated(LAYERS[0])
    output.outputs = ["negative", "y"]
    left_alone(output)
    shared = negated(LAYERS[0])
    node = shared.node("before")
    shared.update(node, replace(node, param_names=("w", "b")))
    left_alone(shared)


def test_other_powers_stay():
    for power in (Power(scale=-2.0), Power(scale=-1.0, shift=1.0), Power(power=3.0, scale=-1.0)):
        net = negated(LAYERS[0])
        node = net.node("negative")
        net.update(node, replace(node, layer=power))
        left_alone(net)
