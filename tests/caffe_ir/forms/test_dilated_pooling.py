"""Dilated maxima as undilated ones, judged by torch."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from caffe_ir.forms import dilated_pooling
from caffe_ir.geometry import extent
from caffe_ir.layers import Convolution, Pooling
from caffe_ir.layers.source import Gather, WindowPool
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.passes.reshape import RESHAPE
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten

BY_VIEWS, BORDERED = dilated_pooling.FORMS[WindowPool]


def output_of(size, kernel, stride, begin, dilation, *, ceil_mode=False):
    """As torch has it (ATen/native/Pool.h, pooling_output_shape_pad_lr), also for paddings that torch refuses."""
    steps = zip(size, kernel, stride, begin, dilation, strict=True)
    rows, columns = (_count(*axis, ceil_mode=ceil_mode) for axis in steps)
    return rows, columns


def _count(size, kernel, stride, pad, dilation, *, ceil_mode):
    room = size + 2 * pad - extent(kernel, dilation) + (stride - 1 if ceil_mode else 0)
    count = room // stride + 1
    return count - (ceil_mode and (count - 1) * stride >= size + pad)


def pooling(size, kernel, stride, begin, dilation, *, ceil_mode=False):
    layer = WindowPool(
        pool="MAX",
        kernel_size=kernel,
        stride=stride,
        begin=begin,
        end=begin,
        dilation=dilation,
        output_size=output_of(size, kernel, stride, begin, dilation, ceil_mode=ceil_mode),
    )
    net = net_of((2, 3, *size))
    add(net, "pool", layer)
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


def test_sizes_that_the_dilation_divides_are_views_and_two_poolings():
    net = pooling((8, 12), (3, 3), (1, 1), (2, 2), (2, 2))
    after = rewritten(net, LEGALIZE, RESHAPE, context=ALONE)
    assert types(after) == ["Reshape", "Pooling", "Reshape", "Pooling", "Reshape"]


def test_what_two_readers_would_drop_is_repeated_in_files_for_all():
    net = net_of((1, 3, 64, 64))
    filters = Convolution(num_output=64, kernel_size=(9, 9), pad=(4, 4), bias_term=False)
    add(net, "large", filters, np.ones((64, 3, 9, 9)))
    back = Convolution(num_output=2, kernel_size=(9, 9), pad=(4, 4), bias_term=False)
    add(net, "small", back, np.ones((2, 64, 9, 9)))
    windows = WindowPool(
        pool="MAX", kernel_size=(3, 3), stride=(1, 1), begin=(2, 2), dilation=(2, 2), output_size=(64, 64)
    )
    add(net, "pool", windows)
    run_pass(LEGALIZE, net, CONTEXT)
    assert {node.layer.pad for node in net.nodes if isinstance(node.layer, Pooling)} == {(0, 0)}


def test_a_stride_of_the_dilation_is_one_pooling_of_one_phase():
    net = pooling((9, 9), (3, 3), (2, 2), (1, 1), (2, 2))
    after = rewritten(net, LEGALIZE)
    assert types(after) == ["Convolution", "Convolution", "Pooling"]


def test_the_last_cells_are_repeated_where_the_dilation_divides_no_size():
    after = written(pooling((8, 11), (1, 2), (1, 1), (0, 0), (1, 4)), BY_VIEWS)
    assert types(after) == ["Gather", "Reshape", "Pooling", "Reshape", "Gather"]
    assert after.nodes[1].layer == Gather(axis=3, indices=(*range(11), 7))


def test_windows_of_one_cell_are_a_choice():
    after = written(pooling((8, 8), (3, 1), (1, 2), (1, 0), (1, 3)), BY_VIEWS)
    assert types(after) == ["Gather", "Pooling"]


def test_windows_of_one_cell_at_every_place_are_nothing():
    assert types(written(pooling((8, 8), (1, 1), (1, 1), (0, 0), (2, 2)), BY_VIEWS)) == []


def test_golden_dump():
    after = written(pooling((4, 3), (2, 1), (1, 1), (1, 0), (2, 1)), BY_VIEWS)
    assert after.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 3)])  -> data  [2x3x4x3]\n"
        "  pool_rows_view: Reshape(shape=(0, 3, 2, 6)) data -> pool_rows_view  [2x3x2x6]\n"
        "  pool_rows: Pooling(pool=MAX, kernel_h=2, kernel_w=1, pad_h=1, pad_w=0) "
        "pool_rows_view -> pool_rows  [2x3x3x6]\n"
        "  pool_rows_places: Reshape(shape=(0, 3, 6, 3)) pool_rows -> pool_rows_places  [2x3x6x3]\n"
        "  pool: Gather(axis=2, indices=(1, 2, 3, 4)) pool_rows_places -> pool  [2x3x4x3]\n"
        "  outputs pool\n"
    )


@pytest.mark.parametrize(
    "layer",
    [
        WindowPool(pool="AVE", kernel_size=(2, 2), stride=(1, 1), dilation=(2, 2), output_size=(6, 6), divisor=4),
        WindowPool(pool="MAX", kernel_size=(2, 2), stride=(1, 1), output_size=(7, 7)),
    ],
    ids=str,
)
def test_is_for_no_mean_and_nothing_undilated(layer):
    net = net_of((1, 2, 8, 8))
    add(net, "pool", layer)
    assert refusal(net, BY_VIEWS) == "it is not a dilated maximum"


@st.composite
def axes(draw):
    """One axis, (size, kernel, stride, padding, dilation), padded by half a window at most."""
    kernel, stride, dilation = draw(st.integers(1, 5)), draw(st.integers(1, 6)), draw(st.integers(1, 6))
    extent = (kernel - 1) * dilation + 1
    padding = draw(st.integers(0, extent // 2 if kernel > 1 else 0))
    return draw(st.integers(max(1, extent - 2 * padding), extent + 9)), kernel, stride, padding, dilation


@settings(max_examples=250)
@given(axes(), axes(), st.booleans(), st.sampled_from([BY_VIEWS, BORDERED]))
def test_every_dilated_geometry_of_torch(rows, columns, ceil_mode, form):
    size, kernel, stride, padding, dilation = geometry = tuple(zip(rows, columns, strict=True))
    assume(dilation != (1, 1))
    x = torch.randn(2, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 3
    behind = [(taps - 1) * apart + step for taps, apart, step in zip(kernel, dilation, stride, strict=True)]
    (top, left), (bottom, right) = padding, behind
    bordered = F.pad(x, (left, right, top, bottom), value=-inf)  # torch itself pads by half a kernel at most
    height, width = output_of(*geometry, ceil_mode=ceil_mode)
    wanted = F.max_pool2d(bordered, kernel, stride, 0, dilation)[:, :, :height, :width].numpy()
    assume(np.isfinite(wanted).all())  # a window without a cell is not a maximum
    net = pooling(*geometry, ceil_mode=ceil_mode)
    after = written(net, form)
    assert not any(isinstance(node.layer, WindowPool) for node in after.nodes)
    (found,) = (run(after, {"data": x.numpy()}, np.float64)[name] for name in after.outputs)
    assert (found == wanted).all()
