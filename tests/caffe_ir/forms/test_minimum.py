from __future__ import annotations

from caffe_ir.layers import Input
from caffe_ir.layers.source import Minimum
from caffe_ir.passes.legalize import LEGALIZE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.rewriting import rewritten


def of_two():
    net = net_of((2, 3, 4, 5))
    add(net, "other", Input(shape=(2, 3, 1, 1)), bottoms=())
    add(net, "y", Minimum(), bottoms=("data", "other"))
    return net


def test_golden_dump():
    assert written(of_two()).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  other: Input(shape=[(2, 3, 1, 1)])  -> other  [2x3x1x1]\n"
        "  y_negative: Power(scale=-1.0) data -> y_negative  [2x3x4x5]\n"
        "  y_negative_2: Power(scale=-1.0) other -> y_negative_2  [2x3x1x1]\n"
        "  y_max: Maximum() y_negative, y_negative_2 -> y_max  [2x3x4x5]\n"
        "  y: Power(scale=-1.0) y_max -> y  [2x3x4x5]\n"
        "  outputs y\n"
    )


def test_maxima_and_signs_are_all_that_is_left():
    kinds = {node.layer.type_name() for node in rewritten(of_two(), LEGALIZE).nodes[2:]}
    assert kinds == {"Power", "Deconvolution", "Eltwise"}
