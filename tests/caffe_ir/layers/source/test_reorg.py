"""Both reorganisations against Darknet's loop, blas.c, reorg_cpu, written out as it stands there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import Cells, Reorg, Reorg3d


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
        ((2, 2), (), "are no cells of 2 x 2"),
        ((2, 2), ((0, 2),), "are no cells of 2 x 2"),
    ],
)
def test_what_is_no_cell(stride, cells, why):
    with pytest.raises(ShapeError, match=why):
        Cells(stride=stride, cells=cells).infer(((1, 1, 4, 4),))
