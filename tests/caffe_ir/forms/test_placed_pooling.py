"""A Pooling with its places rounded down, written with one rounded up; torch says what both blobs are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.layers import PlacedPooling
from caffe_ir.net import Net
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written


def placed(shape, kernel, stride, pad=0) -> Net:
    net = net_of(shape)
    pooling = PlacedPooling(kernel_size=(kernel, kernel), stride=(stride, stride), pad=(pad, pad), round_mode="FLOOR")
    add(net, "pool", pooling, tops=("pool", "mask"))
    net.outputs = ["pool", "mask"]
    return net


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (1, 2, 9, 6)])
@pytest.mark.parametrize(("kernel", "stride", "pad"), [(3, 2, 0), (3, 2, 1), (2, 2, 0), (1, 3, 0), (3, 3, 1)])
def test_both_blobs_are_torchs(shape, kernel, stride, pad) -> None:
    after = written(placed(shape, kernel, stride, pad))
    x = np.random.default_rng(2).integers(-3, 0, size=shape).astype(np.float64)
    wanted = functional.max_pool2d(torch.from_numpy(x), kernel, stride, pad, return_indices=True)
    found = run(after, {"data": x}, np.float64)
    for blob, theirs in zip(after.outputs, wanted, strict=True):
        assert np.array_equal(found[blob], theirs.numpy())


def test_golden() -> None:
    assert written(placed((1, 2, 8, 7), 3, 2)).dump() == GOLDEN


GOLDEN = """\
net tiny
  data: Input(shape=[(1, 2, 8, 7)])  -> data  [1x2x8x7]
  pool_ceil: Pooling(pool=MAX, kernel_size=3, stride=2) data -> pool_ceil_0, pool_ceil_1  [1x2x4x3 1x2x4x3]
  pool_cut: CropTo(top=0, left=0, height=3, width=3) pool_ceil_0 -> pool_cut  [1x2x3x3]
  pool_cut_2: CropTo(top=0, left=0, height=3, width=3) pool_ceil_1 -> pool_cut_2  [1x2x3x3]
  outputs pool_cut, pool_cut_2
"""
