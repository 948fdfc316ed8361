from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layer import Layer
from caffe_ir.layers import (
    LRN,
    MVN,
    AbsVal,
    Convolution,
    Deconvolution,
    Eltwise,
    Flatten,
    Pooling,
    Power,
    ReLU,
    Reshape,
    Sigmoid,
    Softmax,
)
from caffe_ir.net import Net
from caffe_ir.targets import in_place_cases
from tests.caffe_ir.build import add, net_of


def _written(layer: Layer) -> Net:
    net = net_of((1, 4, 6, 7))
    add(net, "other", Sigmoid())
    add(net, "first", Power(scale=0.5), bottoms=("data",))
    bottoms = ("first", "other") if isinstance(layer, Eltwise) else ("first",)
    weights = [np.ones(shape) for shape in layer.blob_shapes((net.shapes["first"],))]
    add(net, "written", layer, *weights, bottoms=bottoms, in_place=True)
    return net


@pytest.mark.parametrize("layer", [AbsVal(), Flatten(), Reshape(shape=(0, -1))], ids=str)
def test_types_that_ask_for_another_top_are_refused(layer: Layer) -> None:
    net = _written(layer)
    assert in_place_cases.refused_by_caffe(net) == [net.node("written")]
    assert in_place_cases.read_after_written(net) == []


OVERWRITE = [
    Pooling(pool="MAX", kernel_size=(3, 3), pad=(1, 1)),
    Eltwise(operation="SUM"),
    Eltwise(operation="MAX"),
    LRN(local_size=3),
    Convolution(num_output=4, kernel_size=(1, 1)),
    Convolution(num_output=4, kernel_size=(3, 3)),
    Deconvolution(num_output=4, kernel_size=(2, 2), stride=(2, 2)),
]
READ_FIRST = [
    ReLU(),
    Softmax(),
    MVN(),
    Eltwise(operation="PROD"),
    Eltwise(operation="SUM", coeff=(0.0, 1.0)),
    LRN(local_size=3, norm_region="WITHIN_CHANNEL"),
    Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1)),
]


@pytest.mark.parametrize("layer", OVERWRITE, ids=str)
def test_what_is_read_later_is_overwritten(layer: Layer) -> None:
    net = _written(layer)
    assert in_place_cases.read_after_written(net) == [net.node("written")]
    assert in_place_cases.refused_by_caffe(net) == []


@pytest.mark.parametrize("layer", READ_FIRST, ids=str)
def test_what_is_read_first_may_be_overwritten(layer: Layer) -> None:
    assert in_place_cases.read_after_written(_written(layer)) == []


def test_several_bottoms_and_convolutions() -> None:
    net = _written(Eltwise(operation="PROD"))
    assert in_place_cases.of_several_bottoms(net) == [net.node("written")]
    assert in_place_cases.convolutions(net) == []
    net = _written(Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1)))
    assert in_place_cases.of_several_bottoms(net) == []
    assert in_place_cases.convolutions(net) == [net.node("written")]
