from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.cost import work
from caffe_ir.forms.permute import FORMS
from caffe_ir.layers import Convolution, Reshape, Slice
from caffe_ir.layers.source import Exchange, Permute
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import CONTEXT, assert_same, rewritten


def permuted(shape, order):
    net = net_of(shape)
    add(net, "permute", Permute(order=order))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


def test_golden_dump_of_a_channel_shuffle_by_rows():
    net = net_of((1, 2, 3, 8))
    add(net, "y", Exchange())
    new = Replacement(net=net, old=net.node("y"))
    assert FORMS[Exchange][0].build(new) == ""
    new.commit()
    assert net.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 3, 8)])  -> data  [1x2x3x8]\n"
        "  y_part: Slice(slice_point=(1,)) data -> y_part_0, y_part_1  [1x1x3x8 1x1x3x8]\n"
        "  y_joined: Concat(axis=3) y_part_0, y_part_1 -> y_joined  [1x1x3x16]\n"
        "  y: Reshape(shape=(0, 3, 2, 8)) y_joined -> y  [1x3x2x8]\n"
        "  outputs y\n"
    )


@pytest.mark.parametrize(
    ("shape", "order", "kinds"),
    [
        ((1, 3, 1, 5), (0, 2, 1, 3), ["Reshape"]),
        ((2, 3, 1, 1), (0, 2, 3, 1), ["Reshape"]),
        ((2, 3, 4, 5), (0, 1, 2, 3), ["Reshape"]),
    ],
)
def test_what_moves_nothing_is_a_view(shape, order, kinds):
    assert types(rewritten(permuted(shape, order), LEGALIZE)) == kinds


@pytest.mark.parametrize("shape", [(1, 2, 3, 4), (2, 3, 70, 66)])
def test_the_last_two_axes_part_by_part(shape):
    """Every view keeps the batch as it is, which the chain of exchanges does not."""
    after = written(permuted(shape, (0, 1, 3, 2)), FORMS[Permute][1])
    assert types(after) == ["Slice", *["Reshape", "Exchange"] * shape[1], "Concat", "Reshape"]
    assert {sizes[0] for sizes in after.shapes.values()} == {shape[0]}


def test_part_by_part_golden_dump():
    assert written(permuted((1, 2, 3, 4), (0, 1, 3, 2)), FORMS[Permute][1]).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 3, 4)])  -> data  [1x2x3x4]\n"
        "  permute_part: Slice(slice_point=(1,)) data -> permute_part_0, permute_part_1  [1x1x3x4 1x1x3x4]\n"
        "  permute_rows: Reshape(shape=(0, 3, 4, 1)) permute_part_0 -> permute_rows  [1x3x4x1]\n"
        "  permute_exchanged: Exchange() permute_rows -> permute_exchanged  [1x4x3x1]\n"
        "  permute_rows_2: Reshape(shape=(0, 3, 4, 1)) permute_part_1 -> permute_rows_2  [1x3x4x1]\n"
        "  permute_exchanged_2: Exchange() permute_rows_2 -> permute_exchanged_2  [1x4x3x1]\n"
        "  permute_parts: Concat() permute_exchanged, permute_exchanged_2 -> permute_parts  [1x8x3x1]\n"
        "  permute: Reshape(shape=(0, 2, 4, 3)) permute_parts -> permute  [1x2x4x3]\n"
        "  outputs permute\n"
    )


@pytest.mark.parametrize(
    ("shape", "order"), [((1, 2, 3, 4), (0, 2, 1, 3)), ((1, 1, 3, 4), (0, 1, 3, 2)), ((2, 3, 4), (0, 2, 1))]
)
def test_part_by_part_is_for_the_last_two_axes_of_several_parts(shape, order):
    assert "the last two of four axes" in refusal(permuted(shape, order), FORMS[Permute][1])


@pytest.mark.parametrize("shape", [(1, 3, 4, 2), (2, 20, 17, 1), (2, 70, 66, 2), (1, 65, 70, 1)])
def test_every_form_of_an_exchange_is_exact(shape):
    built = []
    for form in FORMS[Exchange]:
        net = net_of(shape)
        add(net, "y", Exchange())
        after = net.copy()
        new = Replacement(net=after, old=after.node("y"))
        if form.build(new) == "":
            new.commit()
            assert_same(net, after, 0.0)
            built.append(form.name)
    assert len(built) >= 2


@pytest.mark.parametrize(
    ("shape", "parts"),
    [((1, 257, 263, 2), 257), ((1, 8400, 144, 1), 144), ((1, 2099, 700, 1), 700)],
)
def test_the_price_says_how_many_parts_there_are(shape, parts):
    """Primes have no blocks of rows, and a product with ones and zeros costs more than any number of parts."""
    net = net_of(shape)
    add(net, "y", Exchange())
    run_pass(LEGALIZE, net, CONTEXT)
    assert [len(node.tops) for node in net.nodes if isinstance(node.layer, Slice)] == [parts]


@pytest.mark.parametrize("shape", [(1, 65, 70, 2), (1, 2, 700, 1), (1, 700, 3, 1)])
def test_the_least_work_is_no_more_than_the_work(shape):
    net = net_of(shape)
    add(net, "y", Exchange())
    for form in FORMS[Exchange]:
        new = Replacement(net=net, old=net.node("y"))
        if form.build(new) == "":
            done, least = [work(node.layer, new.shapes_of(node.bottoms)) for node in new.nodes], form.least(new)
            assert least.layers <= sum(one.layers for one in done)
            assert least.bytes <= sum(one.bytes for one in done)


def test_a_large_exchange_is_no_im2col_where_engines_lack_it():
    """Of 512 channels on 25 columns, as a text recogniser has them; OpenCV, MNN and ncnn have no Im2col."""
    net = net_of((1, 512, 100, 1))
    heavy = Convolution(num_output=512, kernel_size=(9, 1), pad=(4, 0), bias_term=False)
    add(net, "conv", heavy, np.zeros((512, 512, 9, 1), np.float32))
    add(net, "y", Exchange())
    assert "Im2col" not in types(rewritten(net, LEGALIZE))


def test_leaves_caffes_own_layers_alone():
    net = net_of((1, 2, 3, 4))
    add(net, "view", Reshape(shape=(0, 3, 2, 4)))
    before = net.copy()
    run_pass(LEGALIZE, net, CONTEXT)
    assert net.dump() == before.dump()


@settings(max_examples=60)
@given(st.data())
def test_every_order_is_exact_to_the_bit(data):
    shape = tuple(data.draw(st.lists(st.sampled_from([1, 2, 3, 5, 17, 20]), min_size=1, max_size=5)))
    if prod(shape) > 50_000:
        return
    order = tuple(data.draw(st.permutations(range(len(shape)))))
    rewritten(permuted(shape, order), LEGALIZE)


def test_infinite_numbers_pass():
    net = permuted((1, 40, 30), (0, 2, 1))
    x = np.full((1, 40, 30), np.inf)
    run_pass(LEGALIZE, net, CONTEXT)
    np.testing.assert_array_equal(run(net, {"data": x}, np.float64)["permute"], x.transpose(0, 2, 1))
