from __future__ import annotations

import pytest

from caffe_ir.layers.source import DarknetLRN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written


@pytest.mark.parametrize(("size", "channels"), [(5, 9), (4, 7), (9, 5), (1, 4)])
def test_keeps_the_function(size, channels):
    net = net_of((2, channels, 3, 2))
    add(net, "lrn", DarknetLRN(size=size, alpha=0.01, beta=0.75, kappa=2.0))
    written(net)


def test_golden_dump():
    net = net_of((1, 3, 2, 2))
    add(net, "lrn", DarknetLRN(size=3, alpha=0.5, beta=0.75, kappa=2.0))
    after = written(net)
    assert after.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 3, 2, 2)])  -> data  [1x3x2x2]\n"
        "  lrn_squares: Power(power=2.0) data -> lrn_squares  [1x3x2x2]\n"
        "  lrn_norms: Convolution(num_output=3, kernel_size=[1]) lrn_squares -> lrn_norms"
        " | [3, 3, 1, 1] [3]  [1x3x2x2]\n"
        "  lrn_factors: Power(power=-0.75) lrn_norms -> lrn_factors  [1x3x2x2]\n"
        "  lrn: Eltwise(operation=PROD) data, lrn_factors -> lrn  [1x3x2x2]\n"
        "  outputs lrn\n"
    )
    # by hand: windows {0, 1}, {0, 1, 2}, {1, 2}, each less channel 1, times 0.5
    assert after.node("lrn_norms").blobs[0].load()[:, :, 0, 0].tolist() == [[0.5, 0, 0], [0.5, 0, 0.5], [0, 0, 0.5]]
