from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from caffe_ir.layers import InnerProduct
from caffe_ir.passes.resample import RESAMPLE
from caffe_ir.reference import run
from caffe_ir.source_layers import Resample
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def of(shape, axes, sizes):
    random = np.random.default_rng(1)
    net = net_of(shape)
    matrices = [random.normal(size=(size, shape[axis])) for axis, size in zip(axes, sizes, strict=True)]
    add(net, "y", Resample(axes=axes, output_size=sizes), *matrices)
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("shape", "axes", "sizes", "kinds"),
    [
        ((2, 3, 4, 5), (2, 3), (8, 10), ["Reshape", "InnerProduct", "Reshape", "Convolution", "Reshape"]),
        ((2, 3, 4, 5), (2, 3), (2, 10), ["Reshape", "Convolution", "Reshape", "InnerProduct", "Reshape"]),
        ((2, 3, 4, 5), (3,), (7,), ["Reshape", "InnerProduct", "Reshape"]),
        ((2, 3, 4, 5), (2,), (7,), ["Reshape", "Convolution", "Reshape"]),
        ((2, 3, 4, 5), (1,), (7,), ["Convolution"]),
        ((2, 3, 4), (2,), (7,), ["Reshape", "InnerProduct", "Reshape"]),
        ((2, 3), (1,), (7,), ["InnerProduct"]),
        ((2, 3, 4, 5), (0,), (3,), ["Reshape", "Convolution", "Reshape"]),
    ],
    ids=str,
)
def test_the_layers_it_takes(shape, axes, sizes, kinds):
    assert types(rewritten(of(shape, axes, sizes), RESAMPLE)) == kinds


def test_three_axes():
    rewritten(of((2, 3, 4, 5, 2), (2, 3, 4), (3, 7, 5)), RESAMPLE)


def test_bilinear_with_aligned_corners_as_practitioners_wrote_it_down():
    """torch2caffe: 1..16 by a factor of 2; the author found no way to make Caffe do it."""
    matrix = F.interpolate(torch.eye(4).double()[None], 8, mode="linear", align_corners=True)[0].T.numpy()
    net = net_of((1, 1, 4, 4))
    add(net, "y", Resample(axes=(2, 3), output_size=(8, 8)), matrix, matrix)
    (y,) = run(rewritten(net, RESAMPLE), {"data": np.arange(1.0, 17.0).reshape(1, 1, 4, 4)})["y"][0]
    np.testing.assert_allclose(y[0], [1, 1.4286, 1.8571, 2.2857, 2.7143, 3.1429, 3.5714, 4], atol=5e-5)
    np.testing.assert_allclose(y[:, 0], [1, 2.7143, 4.4286, 6.1429, 7.8571, 9.5714, 11.2857, 13], atol=5e-5)


def test_golden_dump():
    assert rewritten(of((2, 3, 4, 5), (2, 3), (8, 10)), RESAMPLE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  y_view: Reshape(shape=(24, 5)) data -> y_view  [24x5]\n"
        "  y_columns: InnerProduct(num_output=10, bias_term=False) y_view -> y_columns | [10, 5]  [24x10]\n"
        "  y_view_2: Reshape(shape=(6, 4, 1, 10)) y_columns -> y_view_2  [6x4x1x10]\n"
        "  y_rows: Convolution(num_output=8, bias_term=False, kernel_size=[1]) "
        "y_view_2 -> y_rows | [8, 4, 1, 1]  [6x8x1x10]\n"
        "  y: Reshape(shape=(2, 3, 8, 10)) y_rows -> y  [2x3x8x10]\n"
        "  outputs y\n"
    )


def test_leaves_caffes_own_products_alone():
    net = net_of((2, 3))
    add(net, "y", InnerProduct(num_output=3, bias_term=False), np.eye(3))
    assert types(rewritten(net, RESAMPLE)) == ["InnerProduct"]
