"""Shuffles that are written as views: by torch, the reference is torch's own operation of that name."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.layers import Reshape, ShuffleChannel
from caffe_ir.layers.source import DepthToSpace, Permute, SpaceToDepth
from caffe_ir.passes.rearrangement import REARRANGEMENT
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

N, C, H, W = MAP = (2, 12, 4, 6)
SHUFFLED = lambda x: F.channel_shuffle(x, 3)  # noqa: E731


def chain(*steps, shape=MAP):
    """Views of a map, each a Reshape to a shape or, as a list, a Permute to an order."""
    net = net_of(shape)
    for place, step in enumerate(steps):
        add(net, f"view{place}", Permute(order=tuple(step)) if isinstance(step, list) else Reshape(shape=step))
    return net


@pytest.mark.parametrize(
    ("steps", "layer", "function"),
    [
        (((N, 3, 4, H, W), [0, 2, 1, 3, 4], MAP), ShuffleChannel(group=3), SHUFFLED),
        (((N, 3, 4, H * W), [0, 2, 1, 3], MAP), ShuffleChannel(group=3), SHUFFLED),
        (((N, 3, 4, 1, H, W), [0, 3, 2, 1, 4, 5], MAP), ShuffleChannel(group=3), SHUFFLED),
        (((N, 3, 2, 2, H, W), [0, 2, 3, 1, 4, 5], MAP), ShuffleChannel(group=3), SHUFFLED),
        (((N, 3, 4, H, W), [0, 2, 1, 3, 4], (N, C, H * W), MAP), ShuffleChannel(group=3), SHUFFLED),
        (((N, 3, 4, H, W), [0, 2, 3, 4, 1], [0, 1, 4, 2, 3], MAP), ShuffleChannel(group=3), SHUFFLED),
        (
            ((N, 3, 2, 2, H, W), [0, 1, 4, 2, 5, 3], (N, 3, 2 * H, 2 * W)),
            DepthToSpace(block_size=(2, 2)),
            lambda x: F.pixel_shuffle(x, 2),
        ),
        (
            ((N, C, 2, 2, 3, 2), [0, 1, 3, 5, 2, 4], (N, 4 * C, 2, 3)),
            SpaceToDepth(block_size=(2, 2)),
            lambda x: F.pixel_unshuffle(x, 2),
        ),
        (
            ((N, C, 2, 2, 3, 2), [0, 3, 5, 1, 2, 4], (N, 4 * C, 2, 3)),
            SpaceToDepth(block_size=(2, 2), mode="DCR"),
            lambda x: torch.cat([x[..., dy::2, dx::2] for dy in (0, 1) for dx in (0, 1)], 1),
        ),
        (
            ((N, 2, 3, 2, H, W), [0, 3, 4, 1, 5, 2], (N, 2, 2 * H, 3 * W)),
            DepthToSpace(block_size=(2, 3), mode="DCR"),
            lambda x: torch.stack(
                [torch.stack([x[:, 2 * (3 * dy + dx) :][:, :2] for dx in range(3)], -1) for dy in (0, 1)], 3
            ).reshape(N, 2, 2 * H, 3 * W),
        ),
    ],
    ids=[
        "shufflenet",
        "places joined",
        "axes of size 1",
        "groups cut finer",
        "a view behind",
        "two permutations",
        "pixel_shuffle",
        "pixel_unshuffle",
        "cells before channels",
        "depth_to_space",
    ],
)
def test_the_permutation_says_which_layer_it_is(steps, layer, function):
    after = rewritten(chain(*steps), REARRANGEMENT)
    assert [node.layer for node in after.nodes[1:]] == [layer]
    x = np.random.default_rng(4).standard_normal(MAP)
    (found,) = (run(after, {"data": x}, np.float64)[blob] for blob in after.outputs)
    np.testing.assert_array_equal(found, function(torch.from_numpy(x)).numpy())


def test_golden_dump_of_shufflenets_views():
    after = rewritten(chain((N, 3, 4, H, W), [0, 2, 1, 3, 4], MAP), REARRANGEMENT)
    assert after.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 12, 4, 6)])  -> data  [2x12x4x6]\n"
        "  view2: ShuffleChannel(group=3) data -> view2  [2x12x4x6]\n"
        "  outputs view2\n"
    )


def given_between():
    net = chain((N, 3, 4, H, W), [0, 2, 1, 3, 4], MAP)
    net.outputs = ["view1", "view2"]
    return net


@pytest.mark.parametrize(
    "net",
    [
        chain((N, 3, 4, H, W), [0, 2, 1, 4, 3], MAP),
        chain((N, 3, 4, H, W), [1, 2, 0, 3, 4], MAP),
        chain((N, 3, 4, H, W), [0, 1, 2, 4, 3], (N, C, W, H)),
        chain((N, C, 2, 2, 3, 2), [0, 5, 3, 1, 2, 4], (N, 4 * C, 2, 3)),
        chain((N, C, 2, 2, 3, 2), [0, 3, 5, 1, 2, 4], (N, 2 * C, 4, 3)),
        chain((N, 3, 4, H, W), [0, 2, 1, 3, 4], (N, C, H * W)),
        chain((N, C, 1, H, W), [0, 2, 1, 3, 4], MAP),
        chain((3, N, 4, H, W), [0, 2, 1, 3, 4], MAP),
        given_between(),
    ],
    ids=[
        "rows and columns",
        "the batch",
        "a transposed map",
        "columns first",
        "other sizes",
        "no map",
        "nothing",
        "batches",
        "an output",
    ],
)
def test_other_views_are_left_alone(net):
    assert rewritten(net, REARRANGEMENT).dump() == net.dump()


def test_twice_is_once():
    once = rewritten(chain((N, 3, 4, H, W), [0, 2, 1, 3, 4], MAP), REARRANGEMENT)
    assert rewritten(once, REARRANGEMENT).dump() == once.dump()
