"""Products with matrices and of activations take what they read as it lies."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import Convolution, Flatten, InnerProduct, Input, Reshape, Slice, Softmax
from caffe_ir.layers.source import Linear, MatrixProduct, Permute
from caffe_ir.passes.layout import LAYOUT
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

RANDOM = np.random.default_rng(0)


def weights(*shapes):
    return [RANDOM.standard_normal(shape) for shape in shapes]


def permutes(net):
    return [node for node in net.nodes if isinstance(node.layer, Permute)]


def test_linear_over_channels_becomes_a_convolution():
    net = net_of((2, 3, 4, 5))
    add(net, "last", Permute(order=(0, 2, 3, 1)))
    add(net, "fc", Linear(num_output=6), *weights((6, 3), (6,)))
    add(net, "second", Permute(order=(0, 3, 1, 2)))
    after = rewritten(net, LAYOUT)
    (product,) = [node for node in after.nodes if node.blobs]
    assert product.layer == Convolution(num_output=6, kernel_size=(1, 1))
    assert permutes(after) == []


def test_rows_stay_rows_from_one_linear_layer_to_the_next():
    net = net_of((2, 7, 3))
    add(net, "first", Linear(num_output=6), *weights((6, 3), (6,)))
    add(net, "second", Linear(num_output=3), *weights((3, 6), (3,)))
    kinds = [node.layer.type_name() for node in rewritten(net, LAYOUT).nodes[1:]]
    assert kinds == ["Reshape", "InnerProduct", "InnerProduct", "Reshape"]


def test_a_permutation_before_a_fully_connected_layer_goes_into_the_columns():
    net = net_of((2, 3, 4, 5))
    add(net, "turned", Permute(order=(0, 3, 1, 2)))
    add(net, "flat", Flatten())
    add(net, "fc", InnerProduct(num_output=6), *weights((6, 60), (6,)))
    after = rewritten(net, LAYOUT)
    assert [node.layer.type_name() for node in after.nodes[1:]] == ["InnerProduct"]


def test_a_batch_that_does_not_lie_outermost_is_brought_there():
    net = net_of((3, 2, 4))
    add(net, "turned", Permute(order=(1, 0, 2)))
    add(net, "fc", InnerProduct(num_output=6), *weights((6, 12), (6,)))
    assert len(permutes(rewritten(net, LAYOUT))) == 1


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ((0, 1, 3, 2), (0, 1, 2, 3), MatrixProduct(transpose_a=True)),
        ((0, 1, 2, 3), (0, 1, 3, 2), MatrixProduct(transpose_b=True)),
        ((0, 1, 3, 2), (0, 1, 3, 2), MatrixProduct()),
    ],
)
def test_factors_are_read_transposed(first, second, wanted):
    net = net_of((2, 3, 4, 4))
    add(net, "other", Input(shape=(2, 3, 4, 4)), bottoms=())
    add(net, "a", Permute(order=first), bottoms=("data",))
    add(net, "b", Permute(order=second), bottoms=("other",))
    add(net, "product", MatrixProduct(), bottoms=("a", "b"))
    add(net, "view", Reshape(shape=(0, 0, 0, 0)))
    turned = first == second
    if turned:
        add(net, "back", Permute(order=(0, 1, 3, 2)))
    after = rewritten(net, LAYOUT)
    (product,) = [node for node in after.nodes if isinstance(node.layer, MatrixProduct)]
    assert product.layer == wanted
    assert permutes(after) == []


def test_heads_lie_where_a_convolution_left_them():
    """q, k and v of channels (3, heads, depth), as ViT has them behind its projection: nothing is permuted."""
    net = net_of((1, 24, 7))
    add(net, "tokens", Permute(order=(0, 2, 1)))
    add(net, "heads", Reshape(shape=(1, 7, 3, 2, 4)))
    add(net, "front", Permute(order=(2, 0, 3, 1, 4)))
    add(net, "flat", Reshape(shape=(3, 1, 2, 7, 4)))
    add(net, "parts", Slice(axis=0, slice_point=(1, 2)), tops=("q1", "k1", "v1"))
    for name in "qkv":
        add(net, name, Reshape(shape=(1, 2, 7, 4)), bottoms=(f"{name}1",))
    add(net, "scores", MatrixProduct(transpose_b=True), bottoms=("q", "k"))
    add(net, "softmax", Softmax(axis=3))
    add(net, "mean", MatrixProduct(), bottoms=("softmax", "v"))
    add(net, "rows", Permute(order=(0, 2, 1, 3)))
    add(net, "joined", Reshape(shape=(1, 7, 8)))
    add(net, "proj", Linear(num_output=8), *weights((8, 8), (8,)))
    add(net, "back", Permute(order=(0, 2, 1)))
    assert permutes(rewritten(net, LAYOUT)) == []


def test_rows_that_lie_as_columns_are_no_reason_to_permute():
    net = net_of((1, 6, 7, 1))
    add(net, "rows", Reshape(shape=(6, 7)))
    add(net, "turned", Permute(order=(1, 0)))
    add(net, "fc", InnerProduct(num_output=4), *weights((4, 6), (4,)))
    add(net, "back", Permute(order=(1, 0)))
    after = rewritten(net, LAYOUT)
    (product,) = [node for node in after.nodes if node.blobs]
    assert product.layer == Convolution(num_output=4, kernel_size=(1, 1))
    assert permutes(after) == []


def test_attention_with_channels_first_permutes_nothing_and_turns_no_rows():
    net = net_of((1, 24, 7, 1))
    add(net, "heads", Reshape(shape=(3, 2, 4, 7)))
    add(net, "parts", Slice(slice_point=(1, 2), axis=0), tops=("q", "k", "v"))
    add(net, "scores", MatrixProduct(transpose_a=True), bottoms=("q", "k"))
    add(net, "softmax", Softmax(axis=3))
    add(net, "values", Permute(order=(0, 1, 3, 2)), bottoms=("v",))
    add(net, "mixed", MatrixProduct(), bottoms=("softmax", "values"))
    add(net, "rows", Permute(order=(2, 0, 1, 3)))
    add(net, "flat", Reshape(shape=(7, 8)))
    add(net, "fc", InnerProduct(num_output=8), *weights((8, 8), (8,)))
    add(net, "columns", Permute(order=(1, 0)))
    after = rewritten(net, LAYOUT)
    assert permutes(after) == []
    assert [node.layer for node in after.nodes if isinstance(node.layer, MatrixProduct)] == [
        MatrixProduct(transpose_a=True),
        MatrixProduct(),
    ]


WINDOWS, PLACES, HEADS, EACH = 4, 4, 2, 3


def windowed(net, batch, *, joined):
    """Attention within windows of 2 x 2 cells of a map of 4 x 4 (Swin): qkv is one Linear, or q, k and v are three."""
    channels = HEADS * EACH
    add(net, "cut", Reshape(shape=(batch, channels, 2, 2, 2, 2)))
    add(net, "turned", Permute(order=(0, 2, 4, 3, 5, 1)))
    add(net, "rows", Reshape(shape=(batch * WINDOWS, PLACES, channels)))
    heads = (batch * WINDOWS, PLACES, 3, HEADS, EACH) if joined else (batch * WINDOWS, PLACES, HEADS, EACH)
    if joined:
        add(net, "qkv", Linear(num_output=3 * channels), *weights((3 * channels, channels), (3 * channels,)))
        add(net, "heads", Reshape(shape=heads))
        add(net, "apart", Permute(order=(2, 0, 3, 1, 4)))
        add(net, "parts", Slice(axis=0, slice_point=(1, 2)), tops=("q", "k", "v"))
    else:
        for name in "qkv":
            add(
                net,
                f"{name}_",
                Linear(num_output=channels, bias_term=False),
                *weights((channels, channels)),
                bottoms=("rows",),
            )
            add(net, f"{name}_heads", Reshape(shape=heads))
            add(net, name, Permute(order=(0, 2, 1, 3)))
    add(net, "scores", MatrixProduct(transpose_b=True), bottoms=("q", "k"))
    add(net, "shares", Softmax(axis=-1))
    add(net, "mixed", MatrixProduct(), bottoms=("shares", "v"))
    add(net, "seen", Reshape(shape=(batch * WINDOWS, HEADS, PLACES, EACH)))
    add(net, "together", Permute(order=(0, 2, 1, 3)))
    add(net, "wide", Reshape(shape=(batch * WINDOWS, PLACES, channels)))
    add(net, "project", Linear(num_output=channels, bias_term=False), *weights((channels, channels)))
    add(net, "uncut", Reshape(shape=(batch, 2, 2, 2, 2, channels)))
    add(net, "back", Permute(order=(0, 5, 1, 3, 2, 4)))
    add(net, "map", Reshape(shape=(batch, channels, 4, 4)))
    return net


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("joined", [True, False])
def test_windows_are_cut_before_the_product_that_makes_three_times_the_values(batch, joined):
    net = windowed(net_of((batch, HEADS * EACH, 4, 4)), batch, joined=joined)
    after = rewritten(net, LAYOUT)
    sizes = [np.prod(after.shapes[node.top]) for node in permutes(after)]
    assert sizes == [np.prod(after.shapes["data"])] * 2  # into windows, and back
    turned = {node.top for node in permutes(after)}
    products = [node for node in after.nodes if isinstance(node.layer, Convolution)]
    assert len(products) == (2 if joined else 4)
    first = after.producer(products[0].bottom)
    assert first.top in turned or first.bottom in turned


def test_a_product_that_no_attention_reads_is_computed_where_its_rows_lie():
    """Between a cut into windows and its inverse, a Linear that widens needs no cut at all (MaxViT's second half)."""
    net = net_of((1, 6, 4, 4))
    add(net, "cut", Reshape(shape=(1, 6, 2, 2, 2, 2)))
    add(net, "turned", Permute(order=(0, 2, 4, 3, 5, 1)))
    add(net, "rows", Reshape(shape=(4, 4, 6)))
    add(net, "wide", Linear(num_output=24, bias_term=False), *weights((24, 6)))
    add(net, "narrow", Linear(num_output=6, bias_term=False), *weights((6, 24)))
    add(net, "uncut", Reshape(shape=(1, 2, 2, 2, 2, 6)))
    add(net, "back", Permute(order=(0, 5, 1, 3, 2, 4)))
    add(net, "map", Reshape(shape=(1, 6, 4, 4)))
    assert permutes(rewritten(net, LAYOUT)) == []
