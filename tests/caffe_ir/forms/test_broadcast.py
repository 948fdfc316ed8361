from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.layers import Eltwise, Input
from caffe_ir.layers.source import Add, Mul
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, rewritten


def of_two(layer, first, second):
    net = net_of(first)
    add(net, "other", Input(shape=second), bottoms=())
    add(net, "y", layer, bottoms=("data", "other"))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[2:]]


FULL = (2, 3, 4, 5)


@pytest.mark.parametrize(
    ("first", "second", "product", "total"),
    [
        (FULL, FULL, ["Eltwise"], ["Eltwise"]),
        (FULL, (2, 3, 1, 1), ["Reshape", "Scale"], ["Deconvolution", "Eltwise"]),
        ((2, 3, 1, 1), FULL, ["Reshape", "Scale"], ["Deconvolution", "Eltwise"]),
        ((1, 3, 4, 5), (1, 3, 1, 1), ["Reshape", "Scale"], ["Deconvolution", "Eltwise"]),
        (FULL, (2, 1, 4, 5), ["Convolution", "Eltwise"], ["Convolution", "Eltwise"]),
        ((1, 1, 4, 5), (1, 3, 4, 5), ["Convolution", "Eltwise"], ["Convolution", "Eltwise"]),
        (FULL, (2, 3, 1, 5), ["Deconvolution", "Eltwise"], ["Deconvolution", "Eltwise"]),
        (FULL, (2, 1, 4, 1), ["Deconvolution", "Eltwise"], ["Deconvolution", "Eltwise"]),
        (FULL, (2, 1, 1, 1), ["Reshape", "Scale"], ["Deconvolution", "Eltwise"]),
        (FULL, (1, 3, 1, 1), ["Reshape", "Scale"], ["Tile", "Deconvolution", "Eltwise"]),
        (FULL, (1, 1, 4, 5), ["Reshape", "Scale"], ["Tile", "Tile", "Eltwise"]),
        (FULL, (3, 1, 1), ["Reshape", "Reshape", "Scale"], ["Reshape", "Tile", "Deconvolution", "Eltwise"]),
        ((2, 3, 1, 1), (2, 1, 4, 5), ["Convolution", "Reshape", "Scale"], ["Deconvolution", "Convolution", "Eltwise"]),
        ((1, 3), (1, 1), ["Reshape", "Scale"], ["InnerProduct", "Eltwise"]),
        ((2, 1, 4), (2, 3, 4), ["Tile", "Eltwise"], ["Tile", "Eltwise"]),
    ],
)
def test_the_layers_it_takes(first, second, product, total):
    assert types(rewritten(of_two(Mul(), first, second), LEGALIZE, context=ALONE)) == product
    assert types(rewritten(of_two(Add(), first, second), LEGALIZE, context=ALONE)) == total


def test_channels_weighted():
    assert rewritten(of_two(Mul(), FULL, (2, 3, 1, 1)), LEGALIZE, context=ALONE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  other: Input(shape=[(2, 3, 1, 1)])  -> other  [2x3x1x1]\n"
        "  y_factors: Reshape(shape=(0, 3)) other -> y_factors  [2x3]\n"
        "  y: Scale(axis=0) data, y_factors -> y  [2x3x4x5]\n"
        "  outputs y\n"
    )


@st.composite
def shapes_that_broadcast(draw):
    wanted = draw(st.lists(st.integers(1, 3), min_size=1, max_size=5))
    first, second = (tuple(draw(st.sampled_from([1, size])) for size in wanted) for _ in range(2))
    return first, second[draw(st.integers(0, len(second) - 1)) :]


@settings(max_examples=150)
@given(shapes=shapes_that_broadcast(), layer=st.sampled_from([Mul(), Add()]), turned=st.booleans())
def test_it_is_numpys_for_all_shapes(shapes, layer, turned):
    first, second = shapes[::-1] if turned else shapes
    after = rewritten(of_two(layer, first, second), LEGALIZE, context=ALONE)
    assert all(CAFFE.holds(node.layer, after.shapes_of(node.bottoms)) for node in after.nodes)
    random = np.random.default_rng(0)
    x, y = random.normal(size=first), random.normal(size=second)
    top = run(after, {"data": x, "other": y}, np.float64)["y"]
    np.testing.assert_array_equal(top, x * y if isinstance(layer, Mul) else x + y)


def test_a_blob_times_itself():
    net = net_of((2, 3))
    add(net, "y", Mul(), bottoms=("data", "data"))
    assert [str(node) for node in rewritten(net, LEGALIZE, context=ALONE).nodes[1:]] == [
        "y: Eltwise(operation=PROD) data, data -> y"
    ]


def test_an_eltwise_is_left_alone():
    net = of_two(Eltwise(operation="PROD"), FULL, FULL)
    assert rewritten(net, LEGALIZE, context=ALONE).dump() == net.dump()
