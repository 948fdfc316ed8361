"""Maxima of shifted maps against torch, where all numbers are negative and a 0 among them would be seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.forms.signed_maximum import FORMS
from caffe_ir.layers.source import SignedMaximum, WindowPool
from caffe_ir.reference import run
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

CELLS, HALVES, THIRDS = FORMS[SignedMaximum]
WINDOWS = [
    ((8, 8), (2, 2), (2, 2), (0, 0)),
    ((9, 7), (2, 2), (2, 2), (0, 0)),
    ((9, 8), (3, 3), (2, 2), (1, 1)),
    ((6, 7), (5, 5), (1, 1), (2, 2)),
    ((5, 7), (13, 13), (1, 1), (6, 6)),
    ((7, 9), (3, 2), (2, 1), (1, 0)),
    ((7, 6), (7, 6), (1, 1), (0, 0)),
    ((9, 9), (1, 1), (3, 3), (0, 0)),
]


def maximum(size, kernel, stride, pad) -> SignedMaximum:
    _, _, *counts = functional.max_pool2d(torch.zeros(1, 1, *size), kernel, stride, pad, ceil_mode=True).shape
    return SignedMaximum(
        windows=WindowPool(pool="MAX", kernel_size=kernel, stride=stride, begin=pad, output_size=(counts[0], counts[1]))
    )


@pytest.mark.parametrize("form", [CELLS, HALVES, THIRDS], ids=lambda form: form.name)
@pytest.mark.parametrize(("size", "kernel", "stride", "pad"), WINDOWS, ids=str)
def test_it_is_torchs(size, kernel, stride, pad, form) -> None:
    net = net_of_layer(maximum(size, kernel, stride, pad), (2, 3, *size))
    if form is CELLS and stride[0] != stride[1]:
        assert "strides" in refusal(net, form)
        return
    x = np.random.default_rng(6).uniform(-2, -1, (2, 3, *size))
    after = written(net, form)
    wanted = functional.max_pool2d(torch.from_numpy(x), kernel, stride, pad, ceil_mode=True)
    found = run(after, {after.nodes[0].top: x}, np.float64)[after.outputs[0]]
    assert np.array_equal(found, wanted.numpy())
    assert "Pooling" not in {node.layer.type_name() for node in after.nodes}


def test_golden() -> None:
    net = net_of_layer(maximum((4, 7), (1, 5), (1, 1), (0, 0)), (1, 2, 4, 7))
    assert written(net, HALVES).dump() == GOLDEN


GOLDEN = """\
net alone
  x0: Input(shape=[(1, 2, 4, 7)])  -> x0  [1x2x4x7]
  y_shifted: CropTo(top=0, left=0, height=4, width=6) x0 -> y_shifted  [1x2x4x6]
  y_shifted_2: CropTo(top=0, left=1, height=4, width=6) x0 -> y_shifted_2  [1x2x4x6]
  y_larger: Eltwise(operation=MAX) y_shifted, y_shifted_2 -> y_larger  [1x2x4x6]
  y_shifted_3: CropTo(top=0, left=0, height=4, width=4) y_larger -> y_shifted_3  [1x2x4x4]
  y_shifted_4: CropTo(top=0, left=2, height=4, width=4) y_larger -> y_shifted_4  [1x2x4x4]
  y_larger_2: Eltwise(operation=MAX) y_shifted_3, y_shifted_4 -> y_larger_2  [1x2x4x4]
  y_shifted_5: CropTo(top=0, left=0, height=4, width=3) y_larger_2 -> y_shifted_5  [1x2x4x3]
  y_shifted_6: CropTo(top=0, left=1, height=4, width=3) y_larger_2 -> y_shifted_6  [1x2x4x3]
  y: Eltwise(operation=MAX) y_shifted_5, y_shifted_6 -> y  [1x2x4x3]
  outputs y
"""
