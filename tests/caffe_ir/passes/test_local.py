from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.blob import Blob
from caffe_ir.errors import ConversionError, Origin
from caffe_ir.layers import Convolution
from caffe_ir.layers.source import Local
from caffe_ir.net import Node
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.local import LOCAL
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


def with_local(shape, layer):
    net, random = net_of(shape), np.random.default_rng(4)
    add(net, "local", layer, *(random.standard_normal(blob) for blob in layer.blob_shapes((shape,))))
    return net


@pytest.mark.parametrize(
    ("shape", "k", "s", "p"),
    [((2, 3, 4, 5), 3, 1, 1), ((3, 2, 7, 6), 3, 2, 1), ((1, 3, 4, 3), 2, 1, 0), ((2, 3, 1, 4), 1, 1, 0)],
)
def test_keeps_the_function_for_every_batch(shape, k, s, p):
    after = rewritten(with_local(shape, Local(num_output=4, kernel_size=k, stride=s, pad=p)), LOCAL)
    kinds = [node.layer.type_name() for node in after.nodes[1:]]
    assert kinds == ["Convolution", "Reshape", "Slice", "Concat", "Convolution", "Slice", "Concat", "Reshape"]


def test_one_place_is_a_plain_convolution():
    after = rewritten(with_local((2, 3, 3, 3), Local(num_output=4, kernel_size=3, stride=1, pad=0)), LOCAL)
    assert [str(node.layer) for node in after.nodes[1:]] == ["Convolution(num_output=4, kernel_size=[3])"]


def test_golden_dump():
    after = rewritten(with_local((1, 2, 1, 3), Local(num_output=4, kernel_size=1, stride=2, pad=0)), LOCAL)
    assert after.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 1, 3)])  -> data  [1x2x1x3]\n"
        "  local_patches: Convolution(num_output=2, group=2, bias_term=False, kernel_size=[1], stride=[2])"
        " data -> local_patches | [2, 1, 1, 1]  [1x2x1x2]\n"
        "  local_column: Reshape(shape=(0, 2, 2, 1)) local_patches -> local_column  [1x2x2x1]\n"
        "  local_patch: Slice(slice_point=(1,), axis=2) local_column -> local_patch_0, local_patch_1"
        "  [1x2x1x1 1x2x1x1]\n"
        "  local_joined: Concat() local_patch_0, local_patch_1 -> local_joined  [1x4x1x1]\n"
        "  local_sums: Convolution(num_output=8, group=2, kernel_size=[1]) local_joined -> local_sums"
        " | [8, 2, 1, 1] [8]  [1x8x1x1]\n"
        "  local_answer: Slice(slice_point=(4,)) local_sums -> local_answer_0, local_answer_1  [1x4x1x1 1x4x1x1]\n"
        "  local_row: Concat(axis=2) local_answer_0, local_answer_1 -> local_row  [1x4x2x1]\n"
        "  local: Reshape(shape=(0, 4, 1, 2)) local_row -> local  [1x4x1x2]\n"
        "  outputs local\n"
    )


def test_the_weights_stay_where_they_lie(tmp_path):
    (tmp_path / "weights").write_bytes(np.arange(4 * 2, dtype="<f4").tobytes())
    blobs = Blob.in_file(tmp_path / "weights", 0, (4, 1, 2, 1, 1)), Blob.of(np.zeros((1, 2, 2)))
    net, layer = net_of((1, 2, 2, 2)), Local(num_output=1, kernel_size=1, stride=1, pad=0)
    net.append(Node(name="l", layer=layer, bottoms=("data",), tops=("l",), blobs=blobs, origin=Origin(layer="local")))
    run_pass(LOCAL, net, CONTEXT)
    assert net.node("local_sums").blobs[0].span == blobs[0].span


def test_leaves_convolutions_alone():
    net = net_of((1, 4, 4, 4))
    add(net, "conv", Convolution(num_output=1, kernel_size=(2, 2), bias_term=False), np.ones((1, 4, 2, 2)))
    before = net.dump()
    run_pass(LOCAL, net, CONTEXT)
    assert net.dump() == before


def test_more_places_than_any_net_has_are_refused():
    layer = Local(num_output=1, kernel_size=1, stride=1, pad=0)
    blobs = Blob.of_zeros((10_100, 1, 1, 1, 1)), Blob.of_zeros((1, 101, 100))
    net = net_of((1, 1, 101, 100))
    net.append(Node(name="l", layer=layer, bottoms=("data",), tops=("l",), blobs=blobs, origin=Origin(layer="local")))
    with pytest.raises(ConversionError, match=r"filters of their own at 10,100 places"):
        run_pass(LOCAL, net, CONTEXT)
