from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.layers import Concat, Slice
from caffe_ir.layers.source import Gather
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.narrow import NARROW, Cut, cut_of
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


def cut(shape, axis, *places):
    net = net_of(shape)
    for number, one in enumerate(places):
        add(net, f"part{number}", Gather(axis=axis, indices=tuple(one)), bottoms=("data",))
    net.outputs = [f"part{number}" for number in range(len(places))]
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


def test_golden_dump():
    assert rewritten(cut((2, 9), 1, range(3), range(5, 9)), NARROW).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 9)])  -> data  [2x9]\n"
        "  part0_part: Slice(slice_point=(3, 5)) data -> part0, part0_part_1, part1  [2x3 2x2 2x4]\n"
        "  outputs part0, part1\n"
    )


@pytest.mark.parametrize(
    ("axis", "places", "kinds"),
    [
        (1, (range(3), range(3, 6)), ["Slice"]),
        (1, (range(3), range(3), range(3, 6)), ["Slice"]),
        (1, (range(4), range(3, 6)), ["Gather", "Gather"]),
        (1, (range(4),), ["Gather"]),
        (1, (range(0, 6, 2), range(1, 6, 2)), ["Reshape", "Slice", "Reshape", "Reshape"]),
        (1, (range(1, 6, 3),), ["Reshape", "Slice", "Reshape"]),
        (2, (range(0, 4, 2),), ["Gather"]),
        (2, (range(0, 4, 2), range(1, 4, 2)), ["Reshape", "Slice", "Reshape", "Reshape"]),
        (1, (range(0, 5, 2),), ["Reshape", "Slice", "Reshape"]),
        (1, (range(1, 5, 2),), ["Gather"]),
        (1, ((2, 1, 0),), ["Gather"]),
    ],
)
def test_the_parts(axis, places, kinds):
    net = rewritten(cut((2, 6, 4, 3), axis, *places), NARROW)
    assert types(net) == kinds


@pytest.mark.parametrize(
    ("axis", "kinds"), [(1, ["Slice", "Concat"]), (-3, ["Slice", "Concat"]), (2, ["Gather", "Concat"])]
)
def test_a_run_alone_is_cut_where_a_concat_reads_the_whole(axis, kinds):
    net = net_of((2, 6, 4, 3))
    add(net, "half", Gather(axis=1, indices=(3, 4, 5)))
    add(net, "all", Concat(axis=axis), bottoms=("data", "data"))
    net.outputs = ["half", "all"]
    assert types(rewritten(net, NARROW)) == kinds


def test_a_concat_before_it_does_not_count():
    net = net_of((2, 6, 4, 3))
    add(net, "all", Concat(), bottoms=("data", "data"))
    add(net, "half", Gather(axis=1, indices=(3, 4, 5)), bottoms=("data",))
    assert types(rewritten(net, NARROW)) == ["Concat", "Gather"]


def test_a_cut_is_a_run_or_every_so_many_of_all():
    net = cut((1, 6), 1, range(2, 5), range(0, 6, 3), (0, 1, 3), (4, 2))
    found = [cut_of(node, (1, 6)) for node in net.nodes[1:]]
    assert found == [Cut(start=2, count=3, step=1), Cut(start=0, count=2, step=3), None, None]


def test_leaves_slices_alone():
    net = net_of((1, 4))
    add(net, "slice", Slice(slice_point=(1,)), tops=("one", "three"))
    before = net.copy()
    run_pass(NARROW, net, CONTEXT)
    assert net.dump() == before.dump()


@settings(max_examples=60)
@given(st.data())
def test_any_cuts_of_one_blob(data):
    size = data.draw(st.integers(2, 12))
    cuts = []
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, size - 1))
        cuts.append(range(start, data.draw(st.integers(start + 1, size)), data.draw(st.integers(1, 3))))
    net = rewritten(cut((2, size, 3), 1, *cuts), NARROW)
    assert all(node.tops for node in net.nodes)
