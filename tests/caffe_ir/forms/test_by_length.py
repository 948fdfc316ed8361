from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.forms.by_length import FORMS
from caffe_ir.layers.source import Standardize
from caffe_ir.reference import run
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

NORMALIZE, MVN = FORMS[Standardize]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("eps", [1e-5, 0.3])
@pytest.mark.parametrize("spread", [1.0, 1e-3, 0.0])
def test_instance_norm_is_torchs(place: int, eps: float, spread: float) -> None:
    after = written(net_of_layer(Standardize(axes=(2, 3), eps=eps), (2, 3, 4, 5)), FORMS[Standardize][place])
    x = 0.5 + np.random.default_rng(0).normal(scale=spread, size=(2, 3, 4, 5))
    truth = functional.instance_norm(torch.from_numpy(x), eps=eps).numpy()
    np.testing.assert_allclose(run(after, {"x0": x}, np.float64)["y"], truth, atol=1e-12)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("axes", [(1, 2, 3), (3,), (2, 3)], ids=str)
def test_axes_up_to_the_last(place: int, axes: tuple[int, ...]) -> None:
    written(net_of_layer(Standardize(axes=axes, eps=1e-5), (2, 3, 4, 5)), FORMS[Standardize][place])


def test_the_layers() -> None:
    net = net_of_layer(Standardize(axes=(2, 3), eps=1e-5), (2, 3, 4, 5))
    types = [[node.layer.type_name() for node in written(net, form).nodes[1:]] for form in (NORMALIZE, MVN)]
    assert types == [
        ["Reshape", "Reduce", "Scale", "Sub", "Concat", "Exchange", "Normalize", "Exchange", "CropTo", "Reshape"],
        ["Reshape", "Reduce", "Scale", "Scale", "Sub", "Concat", "MVN", "Power", "CropTo", "Reshape"],
    ]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (Standardize(axes=(1,), eps=1e-5), "others between them"),
        (Standardize(axes=(0, 2, 3), eps=1e-5), "others between them"),
        (Standardize(axes=(2, 3), eps=0.0), "no cell beside"),
    ],
    ids=str,
)
def test_what_it_is_not_for(place: int, layer: Standardize, reason: str) -> None:
    assert reason in refusal(net_of_layer(layer, (2, 3, 4, 5)), FORMS[Standardize][place])
