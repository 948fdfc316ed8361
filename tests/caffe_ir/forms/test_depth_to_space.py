"""Shuffles of channels and of cells: each form computes what torch does, and names what it is made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.forms.depth_to_space import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import ShuffleChannel
from caffe_ir.layers.source import DepthToSpace, SpaceToDepth
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written

SHAPE = (2, 12, 4, 6)


def alone(layer: Layer):
    net = net_of(SHAPE)
    add(net, "y", layer)
    return net


@pytest.mark.parametrize("block", [(2, 2), (1, 3), (3, 2)], ids=str)
@pytest.mark.parametrize(
    ("mode", "place", "types"),
    [
        ("CRD", 0, ["Deconvolution"]),
        ("DCR", 1, ["ShuffleChannel", "DepthToSpace"]),
        ("DCR", 2, ["Deconvolution"]),
        ("DCR", 3, ["Slice", *["Deconvolution"] * 6, "Eltwise"]),
    ],
)
def test_cells_of_blocks_from_channels(block, mode, place, types):
    layer = DepthToSpace(block_size=block, mode=mode)
    after = written(alone(layer), FORMS[DepthToSpace][place])
    assert list(dict.fromkeys(node.layer.type_name() for node in after.nodes[1:])) == list(dict.fromkeys(types))


@pytest.mark.parametrize("block", [(2, 2), (1, 3), (4, 2)], ids=str)
@pytest.mark.parametrize(("mode", "place", "type_name"), [("CRD", 0, "Convolution"), ("DCR", 1, "Cells")])
def test_channels_from_cells_of_blocks(block, mode, place, type_name):
    after = written(alone(SpaceToDepth(block_size=block, mode=mode)), FORMS[SpaceToDepth][place])
    assert [node.layer.type_name() for node in after.nodes[1:]] == [type_name]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("groups", [2, 3, 6])
def test_shuffled_channels_are_torchs(groups, place):
    x = np.random.default_rng(0).normal(size=SHAPE)
    after = written(alone(ShuffleChannel(group=groups)), FORMS[ShuffleChannel][place])
    np.testing.assert_array_equal(
        run(after, {"data": x}, np.float64)["y"], F.channel_shuffle(torch.from_numpy(x), groups).numpy()
    )


def test_the_deconvolution_is_torchs_pixel_shuffle():
    x = np.random.default_rng(0).normal(size=SHAPE)
    after = written(alone(DepthToSpace(block_size=(2, 2))), FORMS[DepthToSpace][0])
    assert all(blob.constant for node in after.nodes for blob in node.blobs)
    np.testing.assert_array_equal(
        run(after, {"data": x}, np.float64)["y"], F.pixel_shuffle(torch.from_numpy(x), 2).numpy()
    )


def test_golden_dump_of_a_shuffle():
    assert written(alone(ShuffleChannel(group=3)), FORMS[ShuffleChannel][0]).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 12, 4, 6)])  -> data  [2x12x4x6]\n"
        "  y_view: Reshape(shape=(0, 3, 4, 24)) data -> y_view  [2x3x4x24]\n"
        "  y_exchanged: Exchange() y_view -> y_exchanged  [2x4x3x24]\n"
        "  y: Reshape(shape=(0, 12, 4, 6)) y_exchanged -> y  [2x12x4x6]\n"
        "  outputs y\n"
    )


@pytest.mark.parametrize(
    ("layer", "place", "why"),
    [
        (DepthToSpace(block_size=(2, 2), mode="DCR"), 0, "before the channel"),
        (DepthToSpace(block_size=(2, 2)), 1, "before the place"),
        (DepthToSpace(block_size=(2, 2)), 2, "does the same"),
        (DepthToSpace(block_size=(2, 2)), 3, "does the same"),
        (SpaceToDepth(block_size=(2, 2), mode="DCR"), 0, "before the channel"),
        (SpaceToDepth(block_size=(2, 2)), 1, "before the place"),
    ],
    ids=str,
)
def test_a_form_for_the_other_mode_says_so(layer, place, why):
    assert why in refusal(alone(layer), FORMS[type(layer)][place])
