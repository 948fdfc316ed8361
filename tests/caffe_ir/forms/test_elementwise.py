from __future__ import annotations

import pytest

from caffe_ir.forms.elementwise import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import AbsVal, Eltwise, PReLU, ReLU
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

MAP = (2, 4, 6, 7)
MANY = (2, 3, 2, 1, 2, 4, 3)


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "types"),
    [
        (Eltwise(operation="SUM", coeff=(0.5, -2.0)), (MAP, MAP), 0, ["Power", "Power", "Eltwise"]),
        (Eltwise(operation="SUM", coeff=(1.0, -1.0)), (MAP, MAP), 0, ["Power", "Eltwise"]),
        (Eltwise(operation="SUM", coeff=(1.0, 1.0)), (MAP, MAP), 0, ["Eltwise"]),
        (Eltwise(operation="SUM"), (MAP, MAP, MAP), 1, ["Eltwise", "Eltwise"]),
        (Eltwise(operation="PROD"), (MAP, MAP, MAP, MAP), 1, ["Eltwise"] * 3),
        (Eltwise(operation="MAX"), (MAP, MAP, MAP), 1, ["Eltwise", "Eltwise"]),
        (Eltwise(operation="PROD"), (MANY, MANY), 2, ["Reshape", "Reshape", "Eltwise", "Reshape"]),
        (Eltwise(operation="SUM", coeff=(1.0, -1.0)), (MANY, MANY), 2, ["Reshape", "Reshape", "Eltwise", "Reshape"]),
        (AbsVal(), (MAP,), 0, ["Power", "ReLU", "ReLU", "Eltwise"]),
        (ReLU(negative_slope=0.1), (MAP,), 0, ["Power", "Eltwise"]),
        (PReLU(channel_shared=True), (MAP,), 0, ["PReLU"]),
        (PReLU(), (MAP,), 1, ["Power", "ReLU", "Scale", "ReLU", "Eltwise"]),
        (PReLU(channel_shared=True), (MAP,), 1, ["Power", "ReLU", "Scale", "ReLU", "Eltwise"]),
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
        (Eltwise(operation="SUM"), (MAP, MAP), 0, "no coefficients"),
        (Eltwise(operation="SUM"), (MAP, MAP), 1, "two blobs"),
        (Eltwise(operation="SUM"), (MAP, MAP), 2, "no more than 4 axes"),
        (ReLU(negative_slope=2.0), (MAP,), 0, "not between 0 and 1"),
        (PReLU(), (MAP,), 0, "a slope for each channel"),
    ],
    ids=str,
)
def test_where_it_does_not_apply_it_says_why(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, reason: str
) -> None:
    assert reason in refusal(net_of_layer(layer, *shapes), FORMS[type(layer)][place])
