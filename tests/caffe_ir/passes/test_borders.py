from __future__ import annotations

from math import inf

import numpy as np
import pytest

from caffe_ir.layers import Convolution
from caffe_ir.layers.source import Pad
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.borders import BORDERS
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten

X = (2, 3, 4, 5)
SLICED = ["Slice", "Power"]


def of(before, after, shape=X, mode="constant", value=0.0):
    net = net_of(shape)
    add(net, "y", Pad(before=before, after=after, mode=mode, value=value))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("before", "after", "value", "kinds"),
    [
        ((0, 0, 1, 1), (0, 0, 1, 1), 0.0, ["Convolution"]),
        ((0, 0, 1, 1), (0, 0, 2, 2), 0.0, ["Convolution"]),
        ((0, 0, 3, 0), (0, 0, 0, 1), 0.0, ["Convolution"]),
        ((0, 0, 9, 0), (0, 0, 0, 1), 0.0, [*SLICED, "Power", "Concat", *SLICED, "Concat"]),
        ((0, 0, 1, 0), (0, 0, 1, 0), 2.5, ["Slice", "Power", "Concat"]),
        ((0, 0, 0, 0), (0, 2, 0, 0), 0.0, ["Slice", "Power", "Concat"]),
        ((0, 3, 0, 0), (0, 7, 0, 0), -1.0, ["Slice", "Power", "Power", "Concat"]),
        ((0, 0, -1, 0), (0, 0, 0, -2), 0.0, ["CropTo"]),
        ((0, 0, -1, 2), (0, 0, 0, -2), 0.0, ["CropTo", "Convolution"]),
        ((0, -1, 0, 0), (0, 0, 0, 0), 0.0, ["Gather"]),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0, []),
    ],
    ids=str,
)
def test_constant_borders(before, after, value, kinds):
    assert types(rewritten(of(before, after, value=value), BORDERS)) == kinds


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("shape", [X, (2, 3, 6), (1, 2, 3, 4, 5)], ids=str)
def test_repeated_borders_are_places_of_the_blob(mode, shape):
    before, after = (0, 0, *[1] * (len(shape) - 2)), (0, 0, *[2] * (len(shape) - 2))
    assert set(types(rewritten(of(before, after, shape, mode), BORDERS))) == {"Gather"}


def test_a_border_of_minus_infinity():
    net = of((0, 0, 0, 1), (0, 0, 0, 1), value=-inf)
    run_pass(BORDERS, net, CONTEXT)
    x = np.random.default_rng(0).normal(size=X)
    np.testing.assert_array_equal(
        run(net, {"data": x}, np.float64)["y"],
        np.pad(x, ((0, 0), (0, 0), (0, 0), (1, 1)), constant_values=-inf),
    )


def test_golden_dump():
    assert rewritten(of((0, 0, 1, 1), (0, 0, 2, 2)), BORDERS).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  y: Convolution(num_output=3, group=3, bias_term=False, kernel_size=[2], pad=[2]) "
        "data -> y | [3, 1, 2, 2]  [2x3x7x8]\n"
        "  outputs y\n"
    )


def test_leaves_a_convolution_with_its_own_pad_alone():
    net = net_of(X)
    add(net, "y", Convolution(num_output=1, kernel_size=(3, 3), pad=(1, 1), bias_term=False), np.ones((1, 3, 3, 3)))
    assert types(rewritten(net, BORDERS)) == ["Convolution"]
