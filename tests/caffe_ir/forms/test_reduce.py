from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from caffe_ir.forms import FORMS
from caffe_ir.layers import Pooling, Reshape
from caffe_ir.layers.source import Reduce, WindowPool
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten

BY_POOLING, OVER_CHANNELS, OF_ROWS = FORMS[Reduce]


def of(shape, axes, operation="MEAN", keepdim=True, scale=1.0):
    net = net_of(shape)
    add(net, "total", Reduce(operation=operation, axes=axes, keepdim=keepdim, scale=scale))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("shape", "axes", "operation", "kinds"),
    [
        ((2, 3, 4, 5), (2, 3), "MEAN", ["Pooling"]),
        ((2, 3, 4, 5), (2,), "MAX", ["Pooling"]),
        ((2, 3, 4, 5), (3,), "MEAN", ["Pooling"]),
        ((2, 3, 4, 5), (2, 3), "SUM", ["Pooling", "Power"]),
        ((2, 3, 4, 5), (2, 3), "MIN", ["Power", "Pooling", "Power"]),
        ((2, 3, 4, 5), (1,), "MEAN", ["Convolution"]),
        ((2, 3, 4, 5), (1,), "SUM", ["Convolution"]),
        ((2, 3, 4, 5), (1,), "MAX", ["Reshape", "Pooling", "Reshape"]),
        ((2, 3, 4, 5), (1, 3), "SUM", ["Pooling", "Convolution"]),
        ((2, 3, 4), (1,), "MEAN", ["Reshape", "Pooling", "Reshape"]),
        ((2, 1, 4, 5), (1,), "MEAN", []),
        ((2, 3), (1,), "SUM", ["InnerProduct"]),
        ((1, 3), (1,), "MEAN", ["InnerProduct"]),
        ((2, 3), (1,), "MAX", ["Reshape", "Pooling", "Reshape"]),
    ],
    ids=str,
)
def test_the_layers_it_takes(shape, axes, operation, kinds):
    assert types(rewritten(of(shape, axes, operation), LEGALIZE)) == kinds


@pytest.mark.parametrize("operation", ["SUM", "MEAN", "MAX", "MIN"])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 1, 3), (4,), (2, 3, 2, 2, 3)], ids=str)
def test_every_choice_of_axes_is_exact(shape, operation):
    for count in range(1, len(shape) + 1):
        for axes in combinations(range(len(shape)), count):
            for keepdim in (True, False):
                net = of(shape, axes, operation, keepdim, scale=-0.5)
                written(net, BY_POOLING)
                rewritten(net, LEGALIZE)


def test_a_sum_over_channels_has_weights_of_exactly_one():
    net = rewritten(of((2, 49, 4, 5), (1,), "SUM"), LEGALIZE)
    assert np.all(net.node("total").blobs[0].load() == 1)


def test_golden_dump():
    assert written(of((2, 3, 4, 5), (1, 2), "MAX", keepdim=False), BY_POOLING).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  total_view: Reshape(shape=(0, 1, 12, 5)) data -> total_view  [2x1x12x5]\n"
        "  total_pool: Pooling(pool=MAX, kernel_h=12, kernel_w=1, stride_h=12, stride_w=1) "
        "total_view -> total_pool  [2x1x1x5]\n"
        "  total: Reshape(shape=(0, 5)) total_pool -> total  [2x5]\n"
        "  outputs total\n"
    )


def test_the_convolution_is_for_sums_over_the_channels_of_a_map():
    for axes, operation in (((1,), "MAX"), ((2, 3), "SUM"), ((1, 2), "SUM")):
        assert refusal(of((2, 3, 4, 5), axes, operation), OVER_CHANNELS) == "it is not a sum over the channels of a map"


@pytest.mark.parametrize("keepdim", [True, False])
@pytest.mark.parametrize("operation", ["SUM", "MEAN"])
def test_rows_are_summed_by_an_inner_product(operation, keepdim):
    written(of((3, 7), (1,), operation, keepdim, scale=-0.5), OF_ROWS)
    for shape, axes in (((3, 7), (0,)), ((3, 7), (0, 1)), ((3, 7, 2), (1,))):
        assert refusal(of(shape, axes, operation, keepdim), OF_ROWS) == "it is not a sum over the numbers of rows"


def one_by_one(x, node):
    """What Forward_cpu of pooling_layer.cpp computes of a mean: a float32 sum over each window, row by row."""
    if isinstance(node.layer, Reshape):
        return x.reshape(node.layer.infer((x.shape,))[0])
    assert isinstance(node.layer, Pooling)
    assert node.layer.pool == "AVE"
    (height, width), (n, c, h, w) = node.layer.kernel_size or x.shape[2:], x.shape
    windows = x.reshape(n, c, h // height, height, w // width, width).swapaxes(3, 4).reshape(-1, height * width)
    sums = np.add.accumulate(windows, axis=1, dtype=np.float32)[:, -1]
    return (sums / np.float32(height * width)).reshape(n, c, h // height, w // width)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Reduce(operation="MEAN", axes=(1, 2, 3), keepdim=True), (1, 64, 64, 64)),
        (Reduce(operation="MEAN", axes=(2, 3), keepdim=True), (1, 2, 512, 512)),
        (Reduce(operation="MEAN", axes=(2, 3), keepdim=True), (1, 1, 300, 400)),
        (WindowPool(pool="AVE", kernel_size=(512, 512), stride=(1, 1), output_size=(1, 1)), (1, 1, 512, 512)),
        (WindowPool(pool="AVE", kernel_size=(480, 300), stride=(1, 1), output_size=(1, 1)), (1, 1, 480, 300)),
    ],
    ids=str,
)
def test_a_mean_over_very_many_cells_keeps_its_digits_where_they_are_added_one_by_one(layer, shape):
    net = net_of(shape)
    add(net, "y", layer)
    run_pass(LEGALIZE, net, CONTEXT)
    x = (0.1 + np.random.default_rng(0).uniform(0, 1e-5, shape)).astype(np.float32)
    top = x
    for node in net.nodes[1:]:
        top = one_by_one(top, node)
    wanted = x.astype(np.float64).mean((1, 2, 3) if 1 in getattr(layer, "axes", ()) else (2, 3))
    flat = np.add.accumulate(x.reshape(x.shape[0] * wanted.size, -1), axis=1, dtype=np.float32)[:, -1]
    assert np.abs(top.ravel() / wanted.ravel() - 1).max() < 1e-5
    assert np.abs(flat / (x.size // wanted.size) / wanted.ravel() - 1).max() > 2e-5  # what one Pooling would be off by
