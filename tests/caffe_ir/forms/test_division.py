from __future__ import annotations

from caffe_ir.layers import Input
from caffe_ir.layers.source import Div
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written


def test_golden_dump():
    net = net_of((2, 3, 4, 5))
    add(net, "other", Input(shape=(2, 3, 1, 1)), bottoms=())
    add(net, "ratio", Div(), bottoms=("data", "other"))
    assert written(net).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  other: Input(shape=[(2, 3, 1, 1)])  -> other  [2x3x1x1]\n"
        "  ratio_inverse: Power(power=-1.0) other -> ratio_inverse  [2x3x1x1]\n"
        "  ratio: Mul() data, ratio_inverse -> ratio  [2x3x4x5]\n"
        "  outputs ratio\n"
    )
