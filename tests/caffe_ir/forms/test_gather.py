from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.cost import work
from caffe_ir.forms import gather
from caffe_ir.layers import Slice
from caffe_ir.layers.source import Gather
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import assert_same, rewritten


def of(axis, indices, shape=(2, 3, 12, 9)):
    net = net_of(shape)
    add(net, "y", Gather(axis=axis, indices=tuple(indices)))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


def forms_that_apply(net):
    found = {}
    for form in gather.FORMS[Gather]:
        after = net.copy()
        new = Replacement(net=after, old=after.node("y"))
        if form.build(new) == "":
            new.commit()
            assert_same(net, after)
            found[form.name] = [node.layer.type_name() for node in after.nodes[1:]]
    found.pop("a matrix of ones and zeros")
    return found


@pytest.mark.parametrize(
    ("axis", "indices", "forms"),
    [
        (2, range(12), {"nothing": [], "a crop": ["CropTo"]}),
        (2, range(3, 10), {"a crop": ["CropTo"]}),
        (3, range(1, 9), {"a crop": ["CropTo"]}),
        (2, range(0, 12, 2), {"a strided depthwise Convolution": ["Convolution"]}),
        (3, range(1, 9, 3), {"a strided depthwise Convolution": ["Convolution"]}),
        (3, range(2, 5, 2), {"a strided depthwise Convolution": ["Convolution"]}),
        (2, (0, 0, 1, 2), {}),
        (1, (2, 0, 1), {"Slice and Concat": ["Slice", "Concat"]}),
        (1, (0, 1, 2, 0, 1, 2), {"Slice and Concat": ["Concat"]}),
        (1, (2, 0), {}),
        (1, (1,), {}),
        (0, (1, 0), {"Slice and Concat": ["Slice", "Concat"]}),
        (2, (*range(8, 12), *range(8)), {"Slice and Concat": ["Slice", "Concat"]}),
        (3, range(8, -1, -1), {"Slice and Concat": ["Slice", "Concat"]}),
        (2, [0, 0, *range(1, 11), *[11] * 9], {"Slice and Concat": ["Slice", "Concat"]}),
    ],
    ids=str,
)
def test_the_forms_it_takes(axis, indices, forms):
    assert forms_that_apply(of(axis, indices)) == forms


def test_every_order_is_a_matrix_of_ones_and_zeros():
    order = np.random.default_rng(1).permutation(40)
    net = of(1, (int(place) for place in order), (1, 40, 2, 2))
    new = Replacement(net=net, old=net.node("y"))
    assert gather.FORMS[Gather][-1].build(new) == ""
    (blob,) = new.nodes[-1].blobs
    np.testing.assert_array_equal(blob.load() @ np.arange(40.0), order)


@pytest.mark.parametrize(
    ("axis", "indices", "kinds"),
    [
        (1, (*range(32, 64), *range(32)), ["Slice", "Concat"]),
        (1, range(8, 64), ["Convolution"]),
        (2, range(79), ["Convolution"]),
        (3, range(0, 80, 2), ["Convolution"]),
        (2, [place // 2 for place in range(160)], ["Reshape", "Concat", "Reshape"]),
    ],
    ids=str,
)
def test_the_cheapest_one_is_taken_and_no_blob_is_left_unread(axis, indices, kinds):
    net = rewritten(of(axis, indices, (1, 64, 80, 80)), LEGALIZE)
    assert types(net) == kinds
    assert {top for node in net.nodes for top in node.tops if not net.consumers(top)} == {"y"}


def test_golden_dump():
    assert rewritten(of(1, (2, 0, 1), (1, 3, 40, 50)), LEGALIZE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 3, 40, 50)])  -> data  [1x3x40x50]\n"
        "  y: Convolution(num_output=3, bias_term=False, kernel_size=[1]) data -> y | [3, 3, 1, 1]  [1x3x40x50]\n"
        "  outputs y\n"
    )


def test_leaves_slice_alone():
    net = net_of((2, 6))
    add(net, "parts", Slice(slice_point=(2,)), tops=("a", "b"))
    assert types(rewritten(net, LEGALIZE)) == ["Slice"]


@pytest.mark.parametrize(
    ("count", "columns", "kinds"),
    [(300, 64, ["Slice", "Concat"]), (5000, 4, ["Slice", "Concat"]), (20, 2, ["Convolution", "Reshape"])],
)
def test_the_price_says_whether_many_rows_are_cut_apart(count, columns, kinds):
    """In reverse. Parts cost by their number, a product by the square of it and by what stands in each row."""
    net = of(2, reversed(range(count)), (1, 1, count, columns))
    assert types(rewritten(net, LEGALIZE)) == kinds


def test_many_parts_are_found_without_looking_at_each_run_for_each():
    """What takes the square of their number would take minutes here."""
    net = of(2, [*range(0, 40_000, 2), *range(1, 40_000, 2)], (1, 1, 40_000, 1))
    parts = next(form for form in gather.FORMS[Gather] if form.name == "Slice and Concat")
    new = Replacement(net=net, old=net.node("y"))
    assert parts.build(new) == ""
    assert [len(node.tops) for node in new.nodes] == [40_000, 1]


@pytest.mark.parametrize(("axis", "indices"), [(1, (2, 0, 1)), (3, range(8, -1, -1)), (1, (0, 1, 2, 0, 1, 2))], ids=str)
def test_the_least_work_is_no_more_than_the_work(axis, indices):
    net = of(axis, indices)
    parts = next(form for form in gather.FORMS[Gather] if form.name == "Slice and Concat")
    new = Replacement(net=net, old=net.node("y"))
    least = parts.least(new)
    assert parts.build(new) == ""
    done = [work(node.layer, new.shapes_of(node.bottoms)) for node in new.nodes]
    assert 0 < least.layers <= sum(one.layers for one in done)
    assert 0 < least.bytes <= sum(one.bytes for one in done)
