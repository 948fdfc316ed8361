from __future__ import annotations

from caffe_ir.layers import Power
from caffe_ir.layers.source import L2Norm
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.l2norm import L2NORM
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


def test_keeps_the_function_in_five_layers():
    net = net_of((2, 4, 3, 2))
    add(net, "norm", L2Norm())
    assert rewritten(net, L2NORM).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 4, 3, 2)])  -> data  [2x4x3x2]\n"
        "  norm_squares: Power(power=2.0) data -> norm_squares  [2x4x3x2]\n"
        "  norm_sum: Convolution(num_output=1, bias_term=False, kernel_size=[1]) norm_squares -> norm_sum"
        " | [1, 4, 1, 1]  [2x1x3x2]\n"
        "  norm_inverse: Power(power=-0.5) norm_sum -> norm_inverse  [2x1x3x2]\n"
        "  norm_factors: Convolution(num_output=4, bias_term=False, kernel_size=[1]) norm_inverse -> norm_factors"
        " | [4, 1, 1, 1]  [2x4x3x2]\n"
        "  norm: Eltwise(operation=PROD) data, norm_factors -> norm  [2x4x3x2]\n"
        "  outputs norm\n"
    )


def test_leaves_powers_alone():
    net = net_of((1, 3, 2, 2))
    add(net, "power", Power(power=2.0))
    before = net.dump()
    run_pass(L2NORM, net, CONTEXT)
    assert net.dump() == before
