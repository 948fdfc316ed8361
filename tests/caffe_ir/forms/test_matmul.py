from __future__ import annotations

import pytest

from caffe_ir.forms import FORMS
from caffe_ir.layers import Input
from caffe_ir.layers.source import MatMul
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, assert_same, rewritten


def product(first, second, **turns):
    net = net_of(first)
    add(net, "other", Input(shape=second), bottoms=())
    add(net, "product", MatMul(**turns), bottoms=("data", "other"))
    return net


def by_pairs(net):
    after = net.copy()
    new = Replacement(net=after, old=after.node("product"))
    assert not FORMS[MatMul][0].build(new)
    new.commit()
    assert_same(net, after)
    return after


def types(net):
    return [node.layer.type_name() for node in net.nodes[2:]]


def test_golden_dump_of_the_scores_of_attention():
    net = by_pairs(product((1, 2, 4, 5), (1, 2, 4, 6), transpose_a=True))
    assert net.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 4, 5)])  -> data  [1x2x4x5]\n"
        "  other: Input(shape=[(1, 2, 4, 6)])  -> other  [1x2x4x6]\n"
        "  product_rows: Reshape(shape=(2, 4, 5, 1)) data -> product_rows  [2x4x5x1]\n"
        "  product_columns: Reshape(shape=(2, 4, 1, 6)) other -> product_columns  [2x4x1x6]\n"
        "  product_products: Mul() product_rows, product_columns -> product_products  [2x4x5x6]\n"
        "  product_sum: Reduce(operation=SUM, axes=(1,), keepdim=True) product_products -> product_sum  [2x1x5x6]\n"
        "  product: Reshape(shape=(1, 2, 5, 6)) product_sum -> product  [1x2x5x6]\n"
        "  outputs product\n"
    )


@pytest.mark.parametrize("turns", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("batches", [((), ()), ((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 1), (1, 3))])
def test_every_form_is_exact_down_to_layers_of_caffe(turns, batches):
    first, second = ((*batch, *sides) for batch, sides in zip(batches, ((4, 5), (5, 6)), strict=True))
    first = (*first[:-2], 5, 4) if turns[0] else first
    second = (*second[:-2], 6, 5) if turns[1] else second
    net = rewritten(product(first, second, transpose_a=turns[0], transpose_b=turns[1]), LEGALIZE)
    assert all(CONTEXT.target.holds(node.layer, net.shapes_of(node.bottoms)) for node in net.nodes)


def test_only_two_transposed_factors_need_a_permutation():
    kinds = {
        turns: types(by_pairs(product((5, 5), (5, 5), transpose_a=turns[0], transpose_b=turns[1])))
        for turns in ((False, False), (True, False), (False, True), (True, True))
    }
    assert [turns for turns, found in kinds.items() if "Permute" in found] == [(True, True)]
