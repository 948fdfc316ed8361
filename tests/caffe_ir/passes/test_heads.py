from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from caffe_ir.layers import Convolution, ReLU
from caffe_ir.layers.source import DetectionHead, GaussianYoloHead, RegionHead, UnknownHead, YoloHead
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.heads import BUILDERS, HEADS
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

ACTIVATED = Context(target=CAFFE, options=Options(head="activated"))
RAW = Context(target=CAFFE, options=Options(head="raw"))
PAIRS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)


def region(classes=3, coords=4, **given):
    return RegionHead(anchors=PAIRS, num=4, classes=classes, coords=coords, **given)


CASES = [
    (YoloHead(anchors=PAIRS, mask=(1, 3), classes=3), (2, 16, 3, 5)),
    (YoloHead(anchors=PAIRS, mask=(0, 1, 2), classes=1, scale_x_y=1.05), (2, 18, 3, 5)),
    (YoloHead(anchors=PAIRS, mask=(2,), classes=2, scale_x_y=2.0, new_coords=True), (2, 7, 3, 5)),
    (YoloHead(anchors=PAIRS, mask=(2,), classes=2, new_coords=True), (2, 7, 3, 5)),
    (GaussianYoloHead(anchors=PAIRS, mask=(0, 3), classes=2, scale_x_y=1.1), (2, 22, 3, 5)),
    (GaussianYoloHead(anchors=PAIRS, mask=(0,), classes=2), (2, 11, 3, 5)),
    (region(), (2, 32, 3, 5)),
    (region(softmax=True), (2, 32, 3, 5)),
    (region(softmax=True, background=True), (2, 32, 3, 5)),
    (region(background=True), (2, 32, 3, 5)),
    (region(classes=5, coords=2), (2, 32, 3, 5)),
    (region(classes=2, coords=5, softmax=True), (2, 32, 3, 5)),
    (region(softmax=True, logistic_xy=False, logistic_classes=False, transposed=True), (2, 32, 3, 5)),
    (region(logistic_xy=False, logistic_classes=False, transposed=True), (2, 32, 3, 5)),
    (region(logistic_xy=False, logistic_classes=False, background=True), (2, 32, 3, 5)),
    (DetectionHead(side=2, num=2, classes=3), (2, 52)),
    (DetectionHead(side=2, num=2, classes=3, softmax=True), (2, 52)),
    (DetectionHead(side=2, num=2, classes=3, softmax=True), (2, 52, 1, 1)),
]


def headed(layer, shape):
    net = net_of(shape)
    add(net, "conv_81", ReLU())
    add(net, "head", layer)
    return net


def test_every_head_is_tried():
    assert {type(layer) for layer, _ in CASES} == set(BUILDERS) - {UnknownHead}


@pytest.mark.parametrize(("layer", "shape"), CASES, ids=str)
def test_activated_the_function_stays(layer, shape):
    after = rewritten(headed(layer, shape), HEADS, context=ACTIVATED)
    assert all(CAFFE.holds(node.layer, after.shapes_of(node.bottoms)) for node in after.nodes)
    assert len(after.outputs) == 1


@pytest.mark.parametrize(("layer", "shape"), CASES, ids=str)
def test_raw_the_net_ends_before_the_head(layer, shape):
    net = headed(layer, shape)
    run_pass(HEADS, net, RAW)
    assert [node.name for node in net.nodes] == ["data", "conv_81"]
    assert net.outputs == ["conv_81"]


def test_raw_the_values_of_the_head_are_gone_unless_it_changes_nothing():
    net = headed(YoloHead(anchors=PAIRS, mask=(1, 3), classes=3), (2, 16, 3, 5))
    run_pass(HEADS, net, RAW)
    assert net.values == {"conv_81": "conv_81"}
    net = headed(DetectionHead(side=2, num=2, classes=3), (2, 52))
    run_pass(HEADS, net, RAW)
    assert net.values == {"conv_81": "conv_81", "head": "conv_81"}


def test_an_unknown_head_ends_at_the_map_before_it_and_nowhere_else():
    head, shape = UnknownHead(boxes=2, values=8), (2, 16, 3, 5)
    net = headed(head, shape)
    run_pass(HEADS, net, RAW)
    assert [node.name for node in net.nodes] == ["data", "conv_81"]
    assert (net.outputs, net.values) == (["conv_81"], {"conv_81": "conv_81"})
    with pytest.raises(ConversionError, match=r"computes is unknown \(its 2 boxes of 8 values"):
        run_pass(HEADS, headed(head, shape), ACTIVATED)
    read = headed(head, shape)
    add(read, "after", ReLU())
    with pytest.raises(ConversionError, match="--head raw"):
        run_pass(HEADS, read, RAW)


def test_two_heads_are_two_outputs_in_their_order():
    net = net_of((1, 8, 2, 2))
    head = YoloHead(anchors=PAIRS, mask=(0,), classes=3)
    for name in ("b", "a"):
        add(net, f"{name}_map", Convolution(num_output=8, kernel_size=(1, 1), bias_term=False), np.ones((8, 8, 1, 1)))
        add(net, f"{name}_head", head)
    net.outputs = ["b_head", "a_head"]
    net.update(net.node("a_map"), replace(net.node("a_map"), bottoms=("data",)))
    run_pass(HEADS, net, RAW)
    assert net.outputs == ["b_map", "a_map"]


def test_raw_a_head_that_others_read_is_computed_for_them_all_the_same():
    net = headed(YoloHead(anchors=PAIRS, mask=(1, 3), classes=3), (2, 16, 3, 5))
    add(net, "after", ReLU())
    net.outputs = ["head", "after"]
    before = net.copy()
    run_pass(HEADS, net, RAW)
    assert net.outputs == ["conv_81", "after"]
    x = np.random.default_rng(0).normal(size=(2, 16, 3, 5))
    wanted, top = (run(each, {"data": x}, np.float64)["after"] for each in (before, net))
    np.testing.assert_allclose(top, wanted, rtol=1e-12)


def test_the_net_of_a_yolo_head():
    net = headed(YoloHead(anchors=PAIRS, mask=(1, 3), classes=3, scale_x_y=1.2), (1, 16, 3, 5))
    assert rewritten(net, HEADS, context=ACTIVATED).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 16, 3, 5)])  -> data  [1x16x3x5]\n"
        "  conv_81: ReLU() data -> conv_81  [1x16x3x5]\n"
        "  head_anchors: Reshape(shape=(0, 2, 8, 15)) conv_81 -> head_anchors  [1x2x8x15]\n"
        "  head_parts: Slice(slice_point=(2, 4), axis=2) head_anchors -> head_parts_0, head_parts_1, head_parts_2"
        "  [1x2x2x15 1x2x2x15 1x2x4x15]\n"
        "  head_sigmoid: Sigmoid() head_parts_0 -> head_sigmoid  [1x2x2x15]\n"
        "  head_sigmoid_2: Sigmoid() head_parts_2 -> head_sigmoid_2  [1x2x4x15]\n"
        "  head_values: Concat(axis=2) head_sigmoid, head_parts_1, head_sigmoid_2 -> head_values  [1x2x8x15]\n"
        "  head_map: Reshape(shape=(0, 16, 3, 5)) head_values -> head_map  [1x16x3x5]\n"
        "  head: Scale(bias_term=True) head_map -> head | [16] [16]  [1x16x3x5]\n"
        "  outputs head\n"
    )


@pytest.mark.parametrize("context", [RAW, ACTIVATED], ids=["raw", "activated"])
def test_a_net_without_a_head_is_left_alone(context):
    net = net_of((1, 16, 3, 5))
    add(net, "conv", ReLU())
    assert rewritten(net, HEADS, context=context).dump() == net.dump()
