from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import Convolution
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.reorg import REORG
from caffe_ir.source_layers import Reorg, Reorg3d
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


@pytest.mark.parametrize(
    ("layer", "shape", "types"),
    [
        (Reorg(stride=2), (2, 8, 4, 6), ["Reshape", "Convolution", "Reshape"]),
        (Reorg(stride=3), (1, 9, 3, 6), ["Reshape", "Convolution", "Reshape"]),
        (Reorg(stride=2, reverse=True), (2, 8, 3, 5), ["Deconvolution"]),
        (Reorg3d(stride=2), (2, 3, 4, 6), ["Convolution"]),
        (Reorg3d(stride=2, reverse=True), (2, 16, 3, 5), ["Reshape", "Deconvolution", "Reshape"]),
        (Reorg(stride=1), (2, 3, 4, 5), []),
    ],
)
def test_keeps_the_function(layer, shape, types):
    net = net_of(shape)
    add(net, "reorg", layer)
    after = rewritten(net, REORG)
    assert [node.layer.type_name() for node in after.nodes[1:]] == types
    for node in after.nodes:
        for blob in node.blobs:  # one 1 for each channel: nothing is computed, everything is moved
            weights = blob.load()
            assert (np.count_nonzero(weights), weights.sum()) == (weights.shape[0], weights.shape[0])


def test_golden_dump():
    net = net_of((1, 4, 4, 4))
    add(net, "reorg", Reorg(stride=2))
    assert rewritten(net, REORG).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 4, 4, 4)])  -> data  [1x4x4x4]\n"
        "  reorg_view: Reshape(shape=(0, 1, 8, 8)) data -> reorg_view  [1x1x8x8]\n"
        "  reorg_moved: Convolution(num_output=4, bias_term=False, kernel_size=[2], stride=[2])"
        " reorg_view -> reorg_moved | [4, 1, 2, 2]  [1x4x4x4]\n"
        "  reorg: Reshape(shape=(0, 16, 2, 2)) reorg_moved -> reorg  [1x16x2x2]\n"
        "  outputs reorg\n"
    )


def test_leaves_other_convolutions_alone():
    net = net_of((1, 4, 4, 4))
    add(net, "conv", Convolution(num_output=1, kernel_size=(2, 2), bias_term=False), np.ones((1, 4, 2, 2)))
    before = net.dump()
    run_pass(REORG, net, CONTEXT)
    assert net.dump() == before
