from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from caffe_ir.forms import FORMS
from caffe_ir.layers.source import Softplus
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import CONTEXT

SMOOTH, BY_THRESHOLD = FORMS[Softplus]
X = np.linspace(-60, 60, 4801).reshape(1, -1)


def of(layer):
    net = net_of(X.shape)
    add(net, "y", layer)
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("beta", "threshold", "kinds"),
    [
        (1.0, 20.0, ["BNLL"]),
        (0.5, 20.0, ["Power", "BNLL", "Power"]),
        (1.0, 3.0, ["BNLL", "Threshold", "Power", "Eltwise", "Eltwise", "Eltwise"]),
    ],
)
def test_is_torchs(beta, threshold, kinds):
    net = of(Softplus(beta=beta, threshold=threshold))
    run_pass(LEGALIZE, net, CONTEXT)  # for torch's 20, of its two forms the one that leaves 1e-10 out
    assert types(net) == kinds
    wanted = F.softplus(torch.from_numpy(X), beta, threshold).numpy()
    np.testing.assert_allclose(run(net, {"data": X}, np.float64)["y"], wanted, rtol=3e-10, atol=1e-13)


def test_golden_dump():
    assert written(of(Softplus(beta=2.0)), SMOOTH).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 4801)])  -> data  [1x4801]\n"
        "  y_scaled: Power(scale=2.0) data -> y_scaled  [1x4801]\n"
        "  y_bnll: BNLL() y_scaled -> y_bnll  [1x4801]\n"
        "  y: Power(scale=0.5) y_bnll -> y  [1x4801]\n"
        "  outputs y\n"
    )


def test_the_other_form_is_the_same_function_for_any_threshold():
    for threshold in (3.0, 20.0):
        written(of(Softplus(threshold=threshold)), BY_THRESHOLD)
    assert refusal(of(Softplus(threshold=3.0)), SMOOTH) == "above 3 / beta it is x itself"
