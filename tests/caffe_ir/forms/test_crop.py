from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from caffe_ir.forms import crop
from caffe_ir.layers import Convolution, Crop, Pooling, ReLU
from caffe_ir.layers.source import CropTo
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten


def cropped(shape, top, left, height, width):
    net = net_of(shape)
    add(net, "crop", CropTo(top=top, left=left, height=height, width=width))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


def test_golden_dump_of_a_stride_one_pooling():
    net = net_of((1, 2, 4, 4))
    add(net, "pool_ceil", Pooling(pool="MAX", kernel_size=(2, 2), pad=(1, 1)))
    add(net, "pool", CropTo(top=1, left=1, height=4, width=4))
    assert rewritten(net, LEGALIZE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 4, 4)])  -> data  [1x2x4x4]\n"
        "  pool_ceil: Pooling(pool=MAX, kernel_size=2, pad=1) data -> pool_ceil  [1x2x5x5]\n"
        "  pool: Crop(offset=(1,)) pool_ceil, data -> pool  [1x2x4x4]\n"
        "  outputs pool\n"
    )


def test_takes_its_size_from_the_latest_blob_of_that_shape():
    net = net_of((1, 2, 4, 4))
    add(net, "early", ReLU())
    add(net, "late", ReLU())
    add(net, "up", Pooling(pool="MAX", kernel_size=(2, 2), pad=(1, 1)))
    add(net, "other", ReLU())
    add(net, "crop", CropTo(top=0, left=1, height=4, width=4))
    assert rewritten(net, LEGALIZE, context=ALONE).node("crop").bottoms == ("other", "late")


def test_never_takes_its_size_from_a_blob_that_comes_later_or_has_other_channels():
    net = net_of((1, 2, 5, 5))
    one_channel = np.ones((1, 2, 2, 2))
    add(net, "narrow", Convolution(num_output=1, kernel_size=(2, 2), bias_term=False), one_channel)
    add(net, "crop", CropTo(top=0, left=0, height=4, width=4), bottoms=("data",))
    add(net, "later", ReLU())
    assert types(rewritten(net, LEGALIZE)) == ["Convolution", "Convolution", "ReLU"]


def test_a_row_and_a_column_are_cut_off_by_a_depthwise_convolution():
    net = rewritten(cropped((2, 3, 9, 9), 0, 1, 8, 8), LEGALIZE)
    (node,) = net.nodes[1:]
    assert str(node.layer) == "Convolution(num_output=3, group=3, bias_term=False, kernel_size=[2])"
    assert node.blobs[0].load().tolist() == [[[[0, 1], [0, 0]]]] * 3


@pytest.mark.parametrize(
    ("part", "kernels"),
    [
        ((1, 2, 6, 6), ["kernel_size=[3]"]),
        ((0, 6, 80, 74), ["kernel_h=1, kernel_w=7"]),
        ((0, 0, 80, 79), ["kernel_h=1, kernel_w=2"]),
        ((3, 2, 74, 75), ["kernel_h=7, kernel_w=1", "kernel_h=1, kernel_w=6"]),
    ],
)
def test_more_is_cut_off_by_one_convolution_or_two(part, kernels):
    size = 8 if part[2] < 8 else 80
    net = rewritten(cropped((2, 3, size, size), *part), LEGALIZE)
    common = "Convolution(num_output=3, group=3, bias_term=False, "
    assert [str(node.layer) for node in net.nodes[1:]] == [f"{common}{kernel})" for kernel in kernels]


@pytest.mark.parametrize("part", [(70, 40, 90, 60), (0, 0, 90, 60)])
def test_what_would_take_long_filters_is_a_matrix_of_ones_and_zeros(part):
    net = rewritten(cropped((2, 3, 500, 500), *part), LEGALIZE)
    assert set(types(net)) <= {"Convolution", "InnerProduct", "Reshape"}
    weights = [blob.load() for node in net.nodes for blob in node.blobs]
    assert all(set(np.unique(each)) == {0.0, 1.0} for each in weights)
    assert max(max(node.layer.kernel_size) for node in net.nodes if isinstance(node.layer, Convolution)) <= 3


def test_a_part_of_another_form_takes_no_size_from_blobs_before_it():
    """It may have the name of the node that it is part of, and reads what is not in the net yet."""
    net = cropped((1, 2, 6, 6), 1, 1, 4, 4)
    inner = replace(net.node("crop"), bottoms=("not there yet",))
    new = Replacement(net=net, old=inner, shapes={"not there yet": (1, 2, 6, 6)})
    assert crop.FORMS[CropTo][0].build(new) == "what stands before it is not known yet"


def test_the_whole_is_nothing():
    assert types(rewritten(cropped((1, 2, 4, 4), 0, 0, 4, 4), LEGALIZE)) == []


def test_a_target_without_crop_gets_the_next_form():
    net = net_of((1, 2, 4, 4))
    add(net, "pool_ceil", Pooling(pool="MAX", kernel_size=(2, 2), pad=(1, 1)))
    add(net, "pool", CropTo(top=1, left=1, height=4, width=4))
    layers = {kind: limits for kind, limits in CONTEXT.target.layers.items() if kind is not Crop}
    context = replace(CONTEXT, target=replace(CONTEXT.target, layers=layers))
    assert types(rewritten(net, LEGALIZE, context=context)) == ["Pooling", "Convolution"]


def test_leaves_caffes_own_crop_alone():
    net = net_of((1, 2, 4, 4))
    add(net, "small", Pooling(pool="MAX", kernel_size=(2, 2)))
    add(net, "crop", Crop(axis=2, offset=(0, 1)), bottoms=("data", "small"))
    before = net.copy()
    run_pass(LEGALIZE, net, CONTEXT)
    assert net.dump() == before.dump()


@settings(max_examples=40)
@given(st.data())
def test_every_part_is_exact(data):
    h, w = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    height, width = data.draw(st.integers(1, h)), data.draw(st.integers(1, w))
    top, left = data.draw(st.integers(0, h - height)), data.draw(st.integers(0, w - width))
    net = rewritten(cropped((2, 2, h, w), top, left, height, width), LEGALIZE)
    assert all(node.tops for node in net.nodes)
