from __future__ import annotations

from caffe_ir.layers.source import L2Norm
from caffe_ir.passes.legalize import LEGALIZE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.rewriting import rewritten


def norm():
    net = net_of((2, 4, 3, 2))
    add(net, "norm", L2Norm())
    return net


def test_golden_dump():
    assert written(norm()).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 4, 3, 2)])  -> data  [2x4x3x2]\n"
        "  norm_squares: Power(power=2.0) data -> norm_squares  [2x4x3x2]\n"
        "  norm_sum: Reduce(operation=SUM, axes=(1,), keepdim=True) norm_squares -> norm_sum  [2x1x3x2]\n"
        "  norm_inverse: Power(power=-0.5) norm_sum -> norm_inverse  [2x1x3x2]\n"
        "  norm: Mul() data, norm_inverse -> norm  [2x4x3x2]\n"
        "  outputs norm\n"
    )


def test_five_layers_that_every_engine_has():
    """Two thin convolutions of ones, not one from C channels to C."""
    assert rewritten(norm(), LEGALIZE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 4, 3, 2)])  -> data  [2x4x3x2]\n"
        "  norm_squares: Power(power=2.0) data -> norm_squares  [2x4x3x2]\n"
        "  norm_sum: Convolution(num_output=1, bias_term=False, kernel_size=[1]) norm_squares -> norm_sum"
        " | [1, 4, 1, 1]  [2x1x3x2]\n"
        "  norm_inverse: Power(power=-0.5) norm_sum -> norm_inverse  [2x1x3x2]\n"
        "  norm_expanded: Convolution(num_output=4, bias_term=False, kernel_size=[1]) norm_inverse -> norm_expanded"
        " | [4, 1, 1, 1]  [2x4x3x2]\n"
        "  norm: Eltwise(operation=PROD) data, norm_expanded -> norm  [2x4x3x2]\n"
        "  outputs norm\n"
    )
