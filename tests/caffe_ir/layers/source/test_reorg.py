"""Both reorganisations against Darknet's loop, blas.c, reorg_cpu, written out as it stands there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import Cells, DepthToSpace, Reorg, Reorg3d, SpaceToDepth


def reorg_cpu(x, w, h, c, batch, stride, forward, size):
    """The flat buffer that Darknet fills, of `size` values."""
    out, out_c = np.full(size, np.nan), c // (stride * stride)
    for b, k, j, i in np.ndindex(batch, c, h, w):
        in_index = i + w * (j + h * (k + c * b))
        c2, offset = k % out_c, k // out_c
        w2, h2 = i * stride + offset % stride, j * stride + offset // stride
        out_index = w2 + w * stride * (h2 + h * stride * (c2 + out_c * b))
        if forward:
            out[out_index] = x.flat[in_index]
        else:
            out[in_index] = x.flat[out_index]
    return out


def ramp(shape):
    return np.arange(np.prod(shape), dtype=np.float64).reshape(shape)


@pytest.mark.parametrize(("stride", "shape"), [(2, (2, 8, 4, 6)), (3, (1, 9, 3, 6)), (2, (1, 4, 2, 2))])
def test_reorg_is_darknets(stride, shape):
    n, c, h, w = shape
    x = ramp(shape)
    (top,) = Reorg(stride=stride).forward([x], [])
    assert top.shape == (n, c * stride**2, h // stride, w // stride)
    np.testing.assert_array_equal(top.ravel(), reorg_cpu(x, w, h, c, n, stride, False, x.size))


@pytest.mark.parametrize(("stride", "shape"), [(2, (2, 8, 3, 5)), (3, (1, 9, 2, 1))])
def test_reversed_reorg_is_darknets(stride, shape):
    n, c, h, w = shape
    x = ramp(shape)
    (top,) = Reorg(stride=stride, reverse=True).forward([x], [])
    assert top.shape == (n, c // stride**2, h * stride, w * stride)
    np.testing.assert_array_equal(top.ravel(), reorg_cpu(x, w, h, c, n, stride, True, x.size))


@pytest.mark.parametrize(("stride", "shape"), [(2, (2, 3, 4, 6)), (3, (1, 1, 3, 6))])
def test_reorg3d_is_alexeyabs(stride, shape):
    """reorg_layer.c calls reorg_cpu with the sizes of its top for w, h, c; c / s^2 is then the count of its inputs."""
    n, c, h, w = shape
    x = ramp(shape)
    (top,) = Reorg3d(stride=stride).forward([x], [])
    out = (c * stride**2, h // stride, w // stride)
    assert top.shape == (n, *out)
    np.testing.assert_array_equal(top.ravel(), reorg_cpu(x, out[2], out[1], out[0], n, stride, False, x.size))


@pytest.mark.parametrize(("stride", "shape"), [(2, (2, 16, 3, 5)), (2, (1, 32, 2, 2))])
def test_reversed_reorg3d_is_alexeyabs(stride, shape):
    n, c, h, w = shape
    x = ramp(shape)
    (top,) = Reorg3d(stride=stride, reverse=True).forward([x], [])
    out = (c // stride**2, h * stride, w * stride)
    assert top.shape == (n, *out)
    np.testing.assert_array_equal(top.ravel(), reorg_cpu(x, out[2], out[1], out[0], n, stride, True, x.size))


def test_reorg3d_of_one_channel_is_torchs_pixel_unshuffle():
    x = ramp((2, 1, 4, 6))
    truth = F.pixel_unshuffle(torch.from_numpy(x), 2).numpy()
    np.testing.assert_array_equal(Reorg3d(stride=2).forward([x], [])[0], truth)


@pytest.mark.parametrize(
    ("layer", "shape", "reason"),
    [
        (Reorg(stride=2), (1, 6, 4, 4), "6 channels"),
        (Reorg(stride=2), (1, 4, 4, 5), "4 x 5"),
        (Reorg(stride=2, reverse=True), (1, 6, 4, 4), "6 channels"),
        (Reorg3d(stride=2), (1, 6, 3, 4), "3 x 4"),
        (Reorg3d(stride=2, reverse=True), (1, 8, 4, 4), "8 channels"),
    ],
)
def test_refuses_what_does_not_divide(layer, shape, reason):
    with pytest.raises(ShapeError, match=reason):
        layer.infer((shape,))


@pytest.mark.parametrize(
    "order", [((0, 0), (1, 0), (0, 1), (1, 1)), ((0, 0), (0, 1), (1, 0), (1, 1)), ((1, 1), (0, 0))]
)
def test_cells_are_those_of_pixel_unshuffle_in_their_own_order(order):
    """torch has the cells of a channel side by side; here the channels of a cell are."""
    x = ramp((2, 3, 4, 6))
    (top,) = Cells(stride=(2, 2), cells=order).forward([x], [])
    by_channel = F.pixel_unshuffle(torch.from_numpy(x), 2).reshape(2, 3, 4, 2, 3).numpy()
    expected = np.concatenate([by_channel[:, :, 2 * dy + dx] for dy, dx in order], axis=1)
    np.testing.assert_array_equal(top, expected)


@pytest.mark.parametrize(
    ("stride", "cells", "why"),
    [
        ((2, 3), ((0, 0),), "4 x 4 does not divide by 2 x 3"),
        ((2, 2), (), "are not cells of 2 x 2"),
        ((2, 2), ((0, 2),), "are not cells of 2 x 2"),
    ],
)
def test_what_is_no_cell(stride, cells, why):
    with pytest.raises(ShapeError, match=why):
        Cells(stride=stride, cells=cells).infer(((1, 1, 4, 4),))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_depth_to_space_and_back_are_torchs(size):
    x = ramp((2, 2 * size * size, 2, 3))
    layer, back = DepthToSpace(block_size=(size, size)), SpaceToDepth(block_size=(size, size))
    wanted = F.pixel_shuffle(torch.from_numpy(x), size).numpy()
    assert layer.infer((x.shape,)) == (wanted.shape,)
    np.testing.assert_array_equal(layer.forward([x], [])[0], wanted)
    assert back.infer((wanted.shape,)) == (x.shape,)
    np.testing.assert_array_equal(back.forward([wanted], [])[0], F.pixel_unshuffle(torch.from_numpy(wanted), size))


def test_the_mode_dcr_is_that_of_onnx():
    """Operators.md, DepthToSpace: the example of the mode DCR, one row of each of its channels."""
    rows = np.array([0.0, 9.0, 18.0, 27.0, 36.0, 45.0, 54.0, 63.0])
    x = rows[None, :, None, None] + np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    (y,) = DepthToSpace(block_size=(2, 2), mode="DCR").forward([x], [])
    assert y[0, 0].tolist() == [
        [0, 18, 1, 19, 2, 20],
        [36, 54, 37, 55, 38, 56],
        [3, 21, 4, 22, 5, 23],
        [39, 57, 40, 58, 41, 59],
    ]
    assert y[0, 1, 0].tolist() == [9, 27, 10, 28, 11, 29]
    np.testing.assert_array_equal(SpaceToDepth(block_size=(2, 2), mode="DCR").forward([y], [])[0], x)


@pytest.mark.parametrize("mode", ["CRD", "DCR"])
def test_blocks_need_not_be_square(mode):
    """The loop over all numbers, as the docstring has it."""
    (s, t), (channels, h, w) = (2, 3), (2, 2, 2)
    x = ramp((1, channels * s * t, h, w))
    (y,) = DepthToSpace(block_size=(s, t), mode=mode).forward([x], [])
    for c, j, i, dy, dx in np.ndindex(channels, h, w, s, t):
        k = c * s * t + dy * t + dx if mode == "CRD" else (dy * t + dx) * channels + c
        assert y[0, c, j * s + dy, i * t + dx] == x[0, k, j, i]
    np.testing.assert_array_equal(SpaceToDepth(block_size=(s, t), mode=mode).forward([y], [])[0], x)


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (DepthToSpace(block_size=(2, 2)), "6 channels do not divide by 2 x 2"),
        (SpaceToDepth(block_size=(2, 3)), "4 x 4 does not divide by 2 x 3"),
        (DepthToSpace(block_size=(0, 2)), "do not divide"),
    ],
)
def test_blocks_that_do_not_divide(layer, why):
    with pytest.raises(ShapeError, match=why):
        layer.infer(((1, 6, 4, 4),))
