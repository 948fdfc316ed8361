"""Maxima over windows that leave the image, over the map with its border repeated; judged by torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from caffe_ir.forms import repeated_border
from caffe_ir.layers import Pooling
from caffe_ir.layers.source import WindowPool
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import CONTEXT

(BORDERED,) = repeated_border.FORMS[WindowPool]


def maximum(size, kernel, stride, pad, pool="MAX"):
    output = tuple((n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, kernel, stride, pad, strict=True))
    layer = WindowPool(
        pool=pool, kernel_size=kernel, stride=stride, begin=pad, end=pad, output_size=output, divisor="valid"
    )
    net = net_of((2, 3, *size))
    add(net, "pool", layer)
    return net


def test_golden_dump():
    assert written(maximum((6, 6), (3, 1), (1, 2), (1, 0)), BORDERED).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 6, 6)])  -> data  [2x3x6x6]\n"
        "  pool_picked: Gather(axis=3, indices=(0, 2, 4)) data -> pool_picked  [2x3x6x3]\n"
        "  pool_bordered: Pad(before=(0, 0, 1, 0), after=(0, 0, 1, 0), mode=replicate) "
        "pool_picked -> pool_bordered  [2x3x8x3]\n"
        "  pool: Pooling(pool=MAX, kernel_h=3, kernel_w=1) pool_bordered -> pool  [2x3x6x3]\n"
        "  outputs pool\n"
    )


@st.composite
def axes(draw):
    kernel, stride = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    pad = draw(st.integers(0, kernel // 2))
    return draw(st.integers(max(1, kernel - 2 * pad), 11)), kernel, stride, pad


@settings(max_examples=150)
@given(axes(), axes())
def test_every_padded_maximum_of_torch(rows, columns):
    size, kernel, stride, pad = tuple(zip(rows, columns, strict=True))
    net = maximum(size, kernel, stride, pad)
    x = torch.randn(2, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 3
    if not any(
        begin or (count - 1) * step + taps > n
        for n, taps, step, begin, count in zip(size, kernel, stride, pad, net.shapes["pool"][2:], strict=True)
    ):
        assert refusal(net, BORDERED) == "no window leaves the image"
        return
    after = written(net, BORDERED)
    (found,) = (run(after, {"data": x.numpy()}, np.float64)[name] for name in after.outputs)
    assert (found == F.max_pool2d(x, kernel, stride, pad).numpy()).all()
    assert all(not any(node.layer.pad) for node in after.nodes if isinstance(node.layer, Pooling))


def test_is_for_no_mean():
    assert refusal(maximum((6, 6), (3, 3), (1, 1), (1, 1), "AVE"), BORDERED) == "it is not a maximum over neighbours"


@pytest.mark.parametrize(("kernel", "stride", "pad"), [((3, 1), (1, 1), (1, 0)), ((1, 5), (1, 2), (0, 2))])
def test_is_taken_where_only_rows_or_columns_are_padded(kernel, stride, pad):
    """caffe2onnx and X2Paddle drop a pad that differs in rows and columns, without a word."""
    net = maximum((12, 12), kernel, stride, pad)
    run_pass(LEGALIZE, net, CONTEXT)
    pads = [node.layer.pad for node in net.nodes if isinstance(node.layer, Pooling)]
    assert pads == [(0, 0)]


def test_is_not_taken_where_all_sides_are_padded_alike():
    net = maximum((12, 12), (3, 3), (1, 1), (1, 1))
    run_pass(LEGALIZE, net, CONTEXT)
    assert [node.layer.type_name() for node in net.nodes] == ["Input", "Pooling"]
