from __future__ import annotations

import pytest
from msgspec.structs import replace

from caffe_ir.forms.pairs import FORMS
from caffe_ir.layers import Eltwise
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

POOLED, SCALED = FORMS[Eltwise]
LARGER, PRODUCT = Eltwise(operation="MAX"), Eltwise(operation="PROD")


@pytest.mark.parametrize("shape", [(7,), (2, 5), (2, 3, 5), (2, 4, 6, 7), (2, 3, 2, 4, 3)], ids=str)
def test_the_larger_of_two_is_a_pooling_of_two_rows(shape: tuple[int, ...]) -> None:
    after = written(net_of_layer(LARGER, shape, shape), POOLED)
    assert [node.layer.type_name() for node in after.nodes[2:]] == ["Reshape"] * 2 + ["Concat", "Pooling", "Reshape"]


@pytest.mark.parametrize("shape", [(7,), (2, 5), (2, 3, 5), (2, 4, 6, 7), (2, 3, 2, 4, 3)], ids=str)
def test_a_product_is_a_map_of_cells_with_factors(shape: tuple[int, ...]) -> None:
    after = written(net_of_layer(PRODUCT, shape, shape), SCALED)
    assert {node.layer.type_name() for node in after.nodes[2:]} <= {"Reshape", "Scale"}
    assert [len(after.shapes[name]) for name in after.nodes[-2].bottoms] == [4, 2]


def test_a_product_of_a_blob_with_itself() -> None:
    net = net_of_layer(PRODUCT, (2, 4, 6, 7), (2, 4, 6, 7))
    net.update(net.node("y"), replace(net.node("y"), bottoms=("x0", "x0")))
    written(net, SCALED)


@pytest.mark.parametrize(
    ("layer", "shapes", "reason"),
    [
        (Eltwise(operation="SUM"), ((2, 3), (2, 3)), "of two blobs"),
        (LARGER, ((2, 3), (2, 3), (2, 3)), "of two blobs"),
        (PRODUCT, ((2, 3), (2, 3), (2, 3)), "of two blobs"),
        (LARGER, ((), ()), "without an axis"),
        (PRODUCT, ((), ()), "without an axis"),
    ],
    ids=str,
)
def test_where_they_do_not_apply_they_say_why(layer: Eltwise, shapes: tuple[tuple[int, ...], ...], reason: str) -> None:
    form = POOLED if layer == LARGER else SCALED
    assert reason in refusal(net_of_layer(layer, *shapes), form)
