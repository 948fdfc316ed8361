from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.forms import linear as forms
from caffe_ir.layers.source import Linear
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written

ROWS, PICTURES, WINDOWS = forms.FORMS[Linear]
RANDOM = np.random.default_rng(0)


def linear(shape, *, bias=True):
    net = net_of(shape)
    weights = [RANDOM.standard_normal((6, shape[-1])), RANDOM.standard_normal(6)]
    add(net, "fc", Linear(num_output=6, bias_term=bias), *weights[: 1 + bias])
    return net


def test_golden_dump():
    assert written(linear((2, 3, 4)), ROWS).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4)])  -> data  [2x3x4]\n"
        "  fc_rows: Reshape(shape=(6, 4)) data -> fc_rows  [6x4]\n"
        "  fc_product: InnerProduct(num_output=6) fc_rows -> fc_product | [6, 4] [6]  [6x6]\n"
        "  fc: Reshape(shape=(2, 3, 6)) fc_product -> fc  [2x3x6]\n"
        "  outputs fc\n"
    )


@pytest.mark.parametrize("form", [ROWS, PICTURES, WINDOWS], ids=lambda form: form.name)
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (2, 1, 3, 4), (1, 2, 3, 2, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_any_number_of_axes(form, shape, bias):
    if form is WINDOWS and len(shape) == 2:
        assert refusal(linear(shape, bias=bias), form) == "each image is one row"
        return
    net = written(linear(shape, bias=bias), form)
    assert form is not WINDOWS or all(shape[0] == net.shapes["data"][0] for shape in net.shapes.values())


def test_golden_dump_of_windows():
    assert written(linear((2, 3, 4)), WINDOWS).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4)])  -> data  [2x3x4]\n"
        "  fc_rows: Reshape(shape=(0, 1, 3, 4)) data -> fc_rows  [2x1x3x4]\n"
        "  fc_product: Convolution(num_output=6, kernel_h=1, kernel_w=4) "
        "fc_rows -> fc_product | [6, 1, 1, 4] [6]  [2x6x3x1]\n"
        "  fc_exchanged: Exchange() fc_product -> fc_exchanged  [2x3x6x1]\n"
        "  fc: Reshape(shape=(0, 3, 6)) fc_exchanged -> fc  [2x3x6]\n"
        "  outputs fc\n"
    )
