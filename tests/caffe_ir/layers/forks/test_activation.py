from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from caffe_ir.layers import LAYERS, HardSigmoid, HardSwish, Mish, ReLU6, UnscaledDropout
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of

X = np.concatenate([np.linspace(-60, 60, 4001), np.linspace(-1e-3, 1e-3, 11)]).reshape(1, 1, 4, -1)


@pytest.mark.parametrize(
    ("layer", "truth"),
    [(Mish(), F.mish), (ReLU6(), F.relu6), (HardSwish(), F.hardswish)],
    ids=["Mish", "ReLU6", "HardSwish"],
)
def test_they_compute_what_torch_does(layer, truth):
    (top,) = layer.forward([X], [])
    np.testing.assert_allclose(top, truth(torch.from_numpy(X)).numpy(), rtol=1e-13, atol=1e-15)
    assert layer.forward([X.astype(np.float32)], [])[0].dtype == np.float32


@pytest.mark.parametrize(
    ("layer", "fields"),
    [
        (Mish(), ""),
        (ReLU6(), ""),
        (HardSwish(), ""),
        (HardSigmoid(), ""),
        (UnscaledDropout(scale_train=False), "dropout_param { scale_train: false }"),
        (UnscaledDropout(dropout_ratio=0.3), "dropout_param { dropout_ratio: 0.3 scale_train: true }"),
        (UnscaledDropout(dropout_ratio=0.3, scale_train=False), "dropout_param { dropout_ratio: 0.3 scale_train: 0 }"),
    ],
    ids=str,
)
def test_opencv_has_them_under_these_names(layer, fields):
    text = f'layer {{ name: "y" type: "{layer.type_name()}" bottom: "data" top: "y" {fields} }}'
    prototxt = f'input: "data" input_dim: 1 input_dim: 1 input_dim: 4 input_dim: {X.shape[3]} {text}'
    engine = cv2.dnn.readNetFromCaffe(np.frombuffer(prototxt.encode(), np.uint8))
    engine.setInput(X.astype(np.float32))
    net = net_of(X.shape)
    add(net, "y", layer)
    np.testing.assert_allclose(engine.forward(), run(net, {"data": X}, np.float64)["y"], rtol=1e-5, atol=1e-6)


def test_files_may_hold_them():
    assert LAYERS["Mish"] is Mish
    assert LAYERS["ReLU6"] is ReLU6


def test_a_dropout_that_says_where_it_scales_is_spelled_so():
    layer = UnscaledDropout.parsed({"scale_train": False})
    assert (layer.type_name(), layer.spelled()) == ("Dropout", {"scale_train": False})
    assert UnscaledDropout().spelled() == {"scale_train": True}
    with pytest.raises(ValueError, match="no scale_train"):
        UnscaledDropout.parsed({"dropout_ratio": 0.5})
