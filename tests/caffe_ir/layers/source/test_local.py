"""Local against Darknet's own way: im2col_cpu and one matrix product a place, written out as in local_layer.c."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import Local


@pytest.mark.parametrize(
    ("k", "s", "p", "h", "w"), [(3, 1, 1, 4, 5), (3, 2, 1, 7, 6), (2, 1, 0, 4, 3), (1, 1, 0, 2, 2)]
)
def test_is_a_filter_for_each_place(k, s, p, h, w):
    random = np.random.default_rng(1)
    x, n = random.standard_normal((2, 3, h, w)), 4
    columns = F.unfold(torch.from_numpy(x), k, padding=p, stride=s).numpy()  # (N, C k k, places), as im2col_cpu
    oh, ow = (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1
    weights, bias = random.standard_normal((oh * ow, n, 3, k, k)), random.standard_normal((n, oh, ow))
    truth = np.empty((2, n, oh * ow))
    for place in range(oh * ow):  # a = weights + i l.size l.size l.c l.n, b = workspace + i, c = output + i
        truth[:, :, place] = columns[:, :, place] @ weights[place].reshape(n, -1).T + bias.reshape(n, -1)[:, place]
    layer = Local(num_output=n, kernel_size=k, stride=s, pad=p)
    assert layer.infer((x.shape,)) == ((2, n, oh, ow),)
    assert layer.blob_shapes((x.shape,)) == (weights.shape, bias.shape)
    np.testing.assert_allclose(layer.forward([x], [weights, bias])[0], truth.reshape(2, n, oh, ow), rtol=1e-12)


def test_refuses_where_darknet_writes_beyond_its_buffer():
    with pytest.raises(ShapeError, match="declares"):
        Local(num_output=1, kernel_size=3, stride=1, pad=2).infer(((1, 1, 5, 5),))
