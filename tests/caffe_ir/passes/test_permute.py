from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from caffe_ir.layers import Im2col, Reshape
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.permute import PERMUTE, simplified, swaps
from caffe_ir.reference import run
from caffe_ir.source_layers import Permute
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


def permuted(shape, order):
    net = net_of(shape)
    add(net, "permute", Permute(order=order))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


def test_golden_dump_of_a_channel_shuffle():
    assert rewritten(permuted((1, 2, 3, 8), (0, 2, 1, 3)), PERMUTE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 3, 8)])  -> data  [1x2x3x8]\n"
        "  permute_part: Slice(slice_point=(1,)) data -> permute_part_0, permute_part_1  [1x1x3x8 1x1x3x8]\n"
        "  permute_joined: Concat(axis=3) permute_part_0, permute_part_1 -> permute_joined  [1x1x3x16]\n"
        "  permute: Reshape(shape=(0, 3, 2, 8)) permute_joined -> permute  [1x3x2x8]\n"
        "  outputs permute\n"
    )


@pytest.mark.parametrize(
    ("shape", "order", "kinds"),
    [
        ((1, 3, 1, 5), (0, 2, 1, 3), ["Reshape"]),
        ((2, 3, 1, 1), (0, 2, 3, 1), ["Reshape"]),
        ((2, 3, 4, 5), (0, 1, 2, 3), ["Reshape"]),
        ((2, 40, 3), (0, 2, 1), ["Reshape", "Slice", "Concat", "Reshape"]),
        ((2, 40, 30), (0, 2, 1), ["Reshape", "Im2col", "Reshape"]),
        ((40, 30, 2), (1, 0, 2), ["Reshape", "Im2col", "Reshape"]),
        ((1, 20, 6, 7), (0, 2, 3, 1), ["Reshape", "Im2col", "Reshape"]),
    ],
)
def test_the_cheapest_form(shape, order, kinds):
    assert types(rewritten(permuted(shape, order), PERMUTE)) == kinds


def test_a_target_without_im2col_gets_a_convolution_of_ones():
    layers = {kind: limits for kind, limits in CONTEXT.target.layers.items() if kind is not Im2col}
    context = replace(CONTEXT, target=replace(CONTEXT.target, layers=layers))
    net = rewritten(permuted((2, 20, 17, 2), (0, 2, 1, 3)), PERMUTE, context=context)
    assert types(net) == ["Reshape", "Convolution"]
    (convolution,) = [node for node in net.nodes if node.blobs]
    assert np.count_nonzero(convolution.blobs[0].load()) == 17


def test_heads_of_attention_are_brought_in_front_in_one_exchange():
    assert swaps(*simplified((1, 50, 3, 4, 8), (2, 0, 3, 1, 4))) == ((1, 50, 12, 8),)


def test_leaves_caffes_own_layers_alone():
    net = net_of((1, 2, 3, 4))
    add(net, "view", Reshape(shape=(0, 3, 2, 4)))
    before = net.copy()
    run_pass(PERMUTE, net, CONTEXT)
    assert net.dump() == before.dump()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_every_order_is_exact_to_the_bit(data):
    shape = tuple(data.draw(st.lists(st.sampled_from([1, 2, 3, 5, 17, 20]), min_size=1, max_size=5)))
    if prod(shape) > 50_000:
        return
    order = tuple(data.draw(st.permutations(range(len(shape)))))
    rewritten(permuted(shape, order), PERMUTE)


def test_infinite_numbers_pass():
    net = permuted((1, 40, 30), (0, 2, 1))
    x = np.full((1, 40, 30), np.inf)
    run_pass(PERMUTE, net, CONTEXT)
    np.testing.assert_array_equal(run(net, {"data": x}, np.float64)["permute"], x.transpose(0, 2, 1))
