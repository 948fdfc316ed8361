from __future__ import annotations

import pytest

from caffe_ir.forms.raised import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import Bias, Crop, InnerProduct, Pooling, Reduction, Scale
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

MAP = (2, 4, 6, 7)


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "types"),
    [
        (Pooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2), round_mode="FLOOR"), (MAP,), 0, ["WindowPool"]),
        (Pooling(pool="MAX", kernel_size=(3, 2), stride=(2, 1), pad=(1, 0)), (MAP,), 0, ["WindowPool"]),
        (Pooling(pool="AVE", kernel_size=(3, 3), stride=(2, 2), pad=(1, 1)), (MAP,), 0, ["WindowPool"]),
        (
            Pooling(pool="AVE", kernel_size=(3, 3), stride=(2, 2), pad=(1, 1), round_mode="FLOOR"),
            (MAP,),
            0,
            ["WindowPool"],
        ),
        (Pooling(pool="AVE", kernel_size=(2, 2), stride=(2, 2)), ((1, 2, 7, 7),), 0, ["WindowPool"]),
        (Pooling(pool="AVE", global_pooling=True), (MAP,), 0, ["WindowPool"]),
        (InnerProduct(num_output=3, transpose=True), (MAP,), 0, ["Reshape", "Linear"]),
        (InnerProduct(num_output=3, axis=2), (MAP,), 0, ["Reshape", "Linear"]),
        (InnerProduct(num_output=3, axis=-1, bias_term=False), (MAP,), 0, ["Linear"]),
        (Scale(axis=0), (MAP, (2, 4)), 0, ["Reshape", "Mul"]),
        (Scale(axis=0, bias_term=True), (MAP, (2, 4)), 0, ["Reshape", "Mul", "Bias"]),
        (Scale(axis=1), (MAP, (4,)), 0, ["Reshape", "Mul"]),
        (Scale(axis=0), (MAP, MAP), 0, ["Mul"]),
        (Bias(axis=0), (MAP, (2, 4)), 0, ["Reshape", "Add"]),
        (Reduction(operation="SUM", axis=1), (MAP,), 0, ["Reduce"]),
        (Reduction(operation="MEAN", axis=-1, coeff=2.0), (MAP,), 0, ["Reduce"]),
        (Reduction(operation="ASUM", axis=2), (MAP,), 0, ["AbsVal", "Reduce"]),
        (Reduction(operation="SUMSQ", axis=2, coeff=0.5), (MAP,), 0, ["Power", "Reduce"]),
        (Crop(axis=2, offset=(1, 2)), (MAP, (2, 3, 4, 4)), 0, ["CropTo"]),
        (Crop(axis=3, offset=(2,)), (MAP, (2, 4, 6, 4)), 0, ["CropTo"]),
        (Crop(), (MAP, (2, 4, 5, 5)), 0, ["CropTo"]),
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
        (Scale(), (MAP,), 0, "no second blob"),
        (Bias(), (MAP,), 0, "no second blob"),
        (Crop(axis=1, offset=(0,)), (MAP, (2, 3, 5, 5)), 0, "other axes"),
    ],
    ids=str,
)
def test_where_it_does_not_apply_it_says_why(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, reason: str
) -> None:
    assert reason in refusal(net_of_layer(layer, *shapes), FORMS[type(layer)][place])
