from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.forms.by_softmax import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import Mish, Sigmoid
from caffe_ir.reference import run
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

SHAPES = ((2, 3, 4, 5), (2, 6), (2, 3, 1, 1), (1, 2, 7))
TRUTH: Mapping[type[Layer], Callable[[torch.Tensor], torch.Tensor]] = {Sigmoid: torch.sigmoid, Mish: functional.mish}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("layer", [Sigmoid(), Mish()], ids=str)
@pytest.mark.parametrize("place", [0, 1])
def test_it_is_torchs_function_over_the_whole_range(layer: Layer, shape: tuple[int, ...], place: int) -> None:
    after = written(net_of_layer(layer, shape), FORMS[type(layer)][place])
    for scale in (1.0, 30.0, 400.0):
        x = np.random.default_rng(0).normal(scale=scale, size=shape)
        truth = TRUTH[type(layer)](torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(run(after, {"x0": x}, np.float64)["y"], truth, rtol=1e-12, atol=1e-300)
        single = run(after, {"x0": x.astype(np.float32)}, np.float32)["y"]
        np.testing.assert_allclose(single, truth, rtol=1e-4, atol=1e-30)


@pytest.mark.parametrize(
    ("layer", "place", "types"),
    [
        (Sigmoid(), 0, ["Reshape", "Convolution", "Softmax", "Convolution", "Reshape"]),
        (Sigmoid(), 1, ["Reshape", "Power", "Concat", "Softmax", "Convolution", "Reshape"]),
        (Mish(), 0, ["Reshape", "Convolution", "Softmax", "Convolution", "Reshape", "Eltwise"]),
    ],
    ids=str,
)
def test_the_layers(layer: Layer, place: int, types: list[str]) -> None:
    after = written(net_of_layer(layer, SHAPES[0]), FORMS[type(layer)][place])
    assert [node.layer.type_name() for node in after.nodes[1:]] == types


@pytest.mark.parametrize("place", [0, 1])
def test_a_line_of_numbers_has_no_images(place: int) -> None:
    assert "besides the images" in refusal(net_of_layer(Mish(), (4,)), FORMS[Mish][place])
