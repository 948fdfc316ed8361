"""The judge is torch; OpenCV is one of ShuffleChannel, Permute and Reorg among the hand-made nets of the targets."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers import ChannelReorg, PassThrough, Permute, Reverse, ShuffleChannel

X = np.random.default_rng(0).normal(size=(2, 12, 4, 6))


@pytest.mark.parametrize("group", [1, 2, 3, 6, 12])
def test_shuffled_channels_are_torchs(group: int) -> None:
    (found,) = ShuffleChannel(group=group).forward([X], [])
    assert np.array_equal(found, torch.channel_shuffle(torch.from_numpy(X), group).numpy())


def test_axes_that_a_file_leaves_out_follow_in_their_order() -> None:
    """SSD's permute_layer.cpp: `order: 2` of a map is (2, 0, 1, 3)."""
    assert Permute(order=(2,)).placed((X.shape,), 1) == Permute(order=(2, 0, 1, 3))


def test_blocks_become_channels_row_by_row() -> None:
    """As the slices of YOLOv5's Focus, with the cells in the order (dy, dx)."""
    (found,) = PassThrough(block_height=2, block_width=3).forward([X], [])
    x = torch.from_numpy(X)
    cells = [x[:, :, dy::2, dx::3] for dy in range(2) for dx in range(3)]
    assert np.array_equal(found, torch.cat(cells, 1).numpy())
    assert PassThrough(block_height=2, block_width=3).infer((X.shape,)) == (found.shape,)


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (ShuffleChannel(group=5), "12 channels in 5 groups"),
        (PassThrough(block_height=3, block_width=1), "4 x 6 does not divide by 3 x 1"),
        (Permute(order=(0, 0, 1, 2)), "not an order of the axes"),
    ],
)
def test_what_does_not_fit(layer: ShuffleChannel | PassThrough | Permute, told: str) -> None:
    with pytest.raises(ShapeError, match=told):
        layer.infer((X.shape,))


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (3,), (-1,), (1, 3), ()])
def test_places_backwards_are_torchs_flip(axes: tuple[int, ...]) -> None:
    (found,) = Reverse(axis=axes).forward([X], [])
    assert np.array_equal(found, torch.flip(torch.from_numpy(X), axes or (0,)).numpy())
    assert Reverse(axis=axes).infer((X.shape,)) == (X.shape,)


@pytest.mark.parametrize("axes", [(4,), (-5,), (1, -3)])
def test_axes_that_cannot_be_turned(axes: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"axis|axes"):
        Reverse(axis=axes).infer((X.shape,))


def test_what_ncnn_makes_of_reorg_is_torchs_pixel_unshuffle() -> None:
    layer = ChannelReorg(stride=2)
    (found,) = layer.forward([X], [])
    assert layer.infer((X.shape,)) == (found.shape,)
    assert np.array_equal(found, torch.pixel_unshuffle(torch.from_numpy(X), 2).numpy())
    with pytest.raises(ShapeError, match="does not divide by 5"):
        ChannelReorg(stride=5).infer((X.shape,))
