from __future__ import annotations

from caffe_ir.layers import Power, Slice
from caffe_ir.passes.silence import SILENCE
from caffe_ir.values import Values
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def cut(*, read=("part_1",)):
    net = net_of((2, 6, 4, 5))
    add(net, "part", Slice(axis=1, slice_point=(1, 4)), tops=("part_0", "part_1", "part_2"))
    for top in read:
        add(net, f"twice_{top}", Power(scale=2.0), bottoms=(top,))
    net.values = Values({"middle": "part_1", "twice": f"twice_{read[-1]}"})
    return net


def test_golden_dump():
    assert rewritten(cut(), SILENCE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 6, 4, 5)])  -> data  [2x6x4x5]\n"
        "  part: Slice(slice_point=(1, 4)) data -> part_0, part_1, part_2  [2x1x4x5 2x3x4x5 2x2x4x5]\n"
        "  part_rest: Silence() part_0, part_2 ->   []\n"
        "  twice_part_1: Power(scale=2.0) part_1 -> twice_part_1  [2x3x4x5]\n"
        "  outputs twice_part_1\n"
    )


def test_parts_that_are_read_or_wanted_are_left_alone():
    net = cut(read=("part_0", "part_1"))
    net.outputs.append("part_2")
    assert rewritten(net, SILENCE).dump() == net.dump()
