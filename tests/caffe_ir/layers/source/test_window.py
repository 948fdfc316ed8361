"""WindowPool against torch in all its options, and against Darknet's loop written out."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import WindowPool

X = np.random.default_rng(3).standard_normal((2, 3, 11, 8))


def forward(layer, x=X):
    (shape,) = layer.infer((x.shape,))
    (top,) = layer.forward([x], [])
    assert top.shape == shape
    assert top.dtype == x.dtype
    return top


@pytest.mark.parametrize(
    ("kernel", "stride", "pad", "dilation", "ceil"), list(product([2, 3], [1, 2, 3], [0, 1], [1, 2], [False, True]))
)
def test_maximum_is_torchs(kernel, stride, pad, dilation, ceil):
    truth = F.max_pool2d(torch.from_numpy(X), kernel, stride, pad, dilation, ceil_mode=ceil).numpy()
    layer = WindowPool(
        pool="MAX",
        kernel_size=(kernel, kernel),
        stride=(stride, stride),
        begin=(pad, pad),
        dilation=(dilation, dilation),
        output_size=truth.shape[2:],
    )
    np.testing.assert_array_equal(forward(layer), truth)


@pytest.mark.parametrize(
    ("kernel", "stride", "pad", "ceil", "count", "override"),
    list(product([(2, 3), (3, 3)], [(1, 2), (3, 2)], [(0, 0), (1, 1)], [False, True], [False, True], [None, 5])),
)
def test_mean_is_torchs(kernel, stride, pad, ceil, count, override):
    truth = F.avg_pool2d(torch.from_numpy(X), kernel, stride, pad, ceil, count, override).numpy()
    layer = WindowPool(
        pool="AVE",
        kernel_size=kernel,
        stride=stride,
        begin=pad,
        end=pad,
        output_size=truth.shape[2:],
        divisor=override or ("padded" if count else "valid"),
    )
    np.testing.assert_allclose(forward(layer), truth, rtol=1e-13)


def darknet_loop(x, size, stride, padding, mean):
    """maxpool_layer.c, forward_maxpool_layer, as it stands there; AlexeyAB's local_avgpool in the same loop."""
    n, c, h, w = x.shape
    out_h, out_w = (h + padding - size) // stride + 1, (w + padding - size) // stride + 1
    y = np.empty((n, c, out_h, out_w))
    for b, k, i, j in np.ndindex(*y.shape):
        largest, total, counter = -np.inf, 0.0, 0
        for row, column in np.ndindex(size, size):
            cur_h, cur_w = -(padding // 2) + i * stride + row, -(padding // 2) + j * stride + column
            if 0 <= cur_h < h and 0 <= cur_w < w:
                largest = max(largest, x[b, k, cur_h, cur_w])
                total, counter = total + x[b, k, cur_h, cur_w], counter + 1
        y[b, k, i, j] = total / counter if mean else largest
    return y


SIZES = [(2, 2, 1), (2, 1, 1), (3, 2, 2), (3, 2, 0), (5, 1, 4), (4, 3, 3)]


@pytest.mark.parametrize(("size", "stride", "padding"), SIZES)
@pytest.mark.parametrize("pool", ["MAX", "AVE"])
def test_windows_are_darknets(size, stride, padding, pool):
    x = X[:1, :2]
    truth = darknet_loop(x, size, stride, padding, pool == "AVE")
    begin = (padding // 2,) * 2
    layer = WindowPool(
        pool=pool, kernel_size=(size,) * 2, stride=(stride,) * 2, begin=begin, output_size=truth.shape[2:]
    )
    np.testing.assert_allclose(forward(layer, x), truth, rtol=1e-14)


def test_float32_stays_float32():
    layer = WindowPool(pool="AVE", kernel_size=(2, 2), stride=(2, 2), output_size=(5, 4))
    assert forward(layer, X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"begin": (2, 0)}, "lies outside"),
        ({"output_size": (7, 4)}, "lies outside"),
        ({"begin": (-1, 0)}, "never negative"),
        ({"stride": (0, 1)}, "not a size"),
    ],
)
def test_refuses_windows_without_cells(change, reason):
    fields = {"pool": "MAX", "kernel_size": (2, 2), "stride": (2, 2), "output_size": (6, 4), **change}
    with pytest.raises(ShapeError, match=reason):
        WindowPool(**fields).infer((X.shape,))
