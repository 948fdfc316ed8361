from __future__ import annotations

import pytest

from caffe_ir.forms.windows import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Deconvolution, InnerProduct, Pooling
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

MAP = (2, 4, 6, 7)


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "types"),
    [
        (Convolution(num_output=3, kernel_size=(3, 3), dilation=(2, 1)), (MAP,), 0, ["Convolution"]),
        (
            Convolution(num_output=4, kernel_size=(3, 2), dilation=(2, 3), group=2),
            (MAP,),
            0,
            ["Convolution"],
        ),
        (Deconvolution(num_output=3, kernel_size=(3, 3), stride=(2, 2), dilation=(2, 2)), (MAP,), 0, ["Deconvolution"]),
        (Convolution(num_output=3, kernel_size=(3, 3), bias_term=False), (MAP,), 1, ["Convolution"]),
        (Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1), group=4), ((2, 4, 1, 7),), 2, ["Convolution"]),
        (Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1), group=4), ((2, 4, 1, 1),), 2, ["Convolution"]),
        (Convolution(num_output=3, kernel_size=(5, 3), pad=(2, 1), stride=(2, 1)), ((1, 4, 2, 6),), 2, ["Convolution"]),
        (
            Convolution(num_output=4, kernel_size=(3, 3), pad=(2, 2), dilation=(2, 2), group=4),
            ((2, 4, 5, 2),),
            2,
            ["Convolution"],
        ),
        (Convolution(num_output=5, kernel_size=(6, 7)), (MAP,), 3, ["Reshape", "Convolution"]),
        (Convolution(num_output=5, kernel_size=(6,)), ((2, 4, 6),), 3, ["Reshape", "Convolution", "Reshape"]),
        (
            Convolution(num_output=8, kernel_size=(6, 7), stride=(2, 1), group=4, bias_term=False),
            (MAP,),
            3,
            ["Reshape", "Convolution"],
        ),
        (
            Deconvolution(num_output=4, kernel_size=(3, 5), group=4, bias_term=False),
            ((2, 4, 1, 1),),
            1,
            ["Convolution", "Reshape"],
        ),
        (Deconvolution(num_output=6, kernel_size=(2, 3), group=2), ((2, 4, 1, 1),), 1, ["Convolution", "Reshape"]),
        (
            Deconvolution(num_output=3, kernel_size=(4, 5), pad=(1, 2), stride=(2, 3)),
            ((1, 4, 1, 1),),
            1,
            ["Convolution", "Reshape"],
        ),
        (InnerProduct(num_output=3, bias_term=False), (MAP,), 0, ["InnerProduct"]),
        (Pooling(pool="MAX", kernel_size=(13, 13), pad=(6, 6)), ((1, 2, 15, 13),), 0, ["Pooling"] * 3),
        (Pooling(pool="MAX", kernel_size=(9, 7), pad=(4, 3)), ((1, 2, 9, 9),), 0, ["Pooling"] * 2),
        (Pooling(pool="MAX", kernel_size=(5, 5), pad=(2, 2)), ((1, 2, 4, 4),), 1, ["Pooling"] * 2),
        (Pooling(pool="MAX", kernel_size=(7, 3), pad=(3, 1)), ((1, 2, 4, 9),), 1, ["Pooling"] * 3),
    ],
    ids=str,
)
def test_the_same_function_in_other_layers(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, types: list[str]
) -> None:
    after = written(net_of_layer(layer, *shapes), FORMS[type(layer)][place])
    assert [node.layer.type_name() for node in after.nodes[len(shapes) :]] == types


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "reason"),
    [
        (Convolution(num_output=3, kernel_size=(3, 3)), (MAP,), 0, "no dilation"),
        (Convolution(num_output=3, kernel_size=(3, 3)), (MAP,), 1, "has a bias"),
        (Convolution(num_output=3, kernel_size=(3, 3), pad=(1, 1)), (MAP,), 2, "in the map somewhere"),
        (Convolution(num_output=3, kernel_size=(3, 3), pad=(3, 0), stride=(3, 1)), ((1, 4, 1, 7),), 2, "even padding"),
        (Deconvolution(num_output=3, kernel_size=(3, 3)), ((1, 4, 1, 2),), 1, "more than one cell"),
        (Deconvolution(num_output=3, kernel_size=(3, 3), dilation=(2, 2)), ((1, 4, 1, 1),), 1, "a dilation"),
        (Pooling(pool="MAX", kernel_size=(5, 5), pad=(2, 2)), ((1, 2, 9, 9),), 0, "small already"),
        (Pooling(pool="MAX", kernel_size=(3, 3), pad=(1, 1)), ((1, 2, 9, 9),), 1, "small already"),
        (Pooling(pool="AVE", kernel_size=(5, 5), pad=(2, 2)), ((1, 2, 9, 9),), 0, "not a maximum"),
    ],
    ids=str,
)
def test_where_it_does_not_apply_it_says_why(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, reason: str
) -> None:
    assert reason in refusal(net_of_layer(layer, *shapes), FORMS[type(layer)][place])
