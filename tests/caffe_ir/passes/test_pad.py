from __future__ import annotations

import pytest

from caffe_ir.layers import Concat
from caffe_ir.layers.source import AppendZeros
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.pad import PAD
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


@pytest.mark.parametrize(
    ("count", "types"),
    [
        (1, ["Slice", "Power", "Concat"]),
        (6, ["Slice", "Power", "Concat"]),
        (7, ["Power", "Concat"]),
        (21, ["Power", "Concat"]),
        (16, ["Power", "Slice", "Power", "Concat"]),
    ],
)
def test_keeps_the_function_and_leaves_no_part_over(count, types):
    net = net_of((2, 7))
    add(net, "flat", AppendZeros(count=count))
    after = rewritten(net, PAD)
    assert [node.layer.type_name() for node in after.nodes[1:]] == types
    read = {bottom for node in after.nodes for bottom in node.bottoms}
    assert {top for node in after.nodes for top in node.tops} - read == {"flat"}


def test_golden_dump():
    net = net_of((1, 361))
    add(net, "reorg", AppendZeros(count=1))
    assert rewritten(net, PAD).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 361)])  -> data  [1x361]\n"
        "  reorg_part: Slice(slice_point=(1,)) data -> reorg_part_0, reorg_part_1  [1x1 1x360]\n"
        "  reorg_few_zeros: Power(scale=0.0) reorg_part_0 -> reorg_few_zeros  [1x1]\n"
        "  reorg: Concat() reorg_part_0, reorg_part_1, reorg_few_zeros -> reorg  [1x362]\n"
        "  outputs reorg\n"
    )


def test_leaves_other_concats_alone():
    net = net_of((1, 4))
    add(net, "twice", Concat(), bottoms=("data", "data"))
    before = net.dump()
    run_pass(PAD, net, CONTEXT)
    assert net.dump() == before
