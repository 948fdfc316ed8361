from __future__ import annotations

import pytest

from caffe_ir.forms.spelled import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import LRN, Concat, Crop, Exp, Flatten, Log, ReLU, Reshape, Slice, Softmax, Split, Tile
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

MAP = (2, 4, 6, 7)


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "types"),
    [
        (Softmax(axis=-1), (MAP,), 0, ["Softmax"]),
        (Concat(axis=-2), (MAP, MAP), 0, ["Concat"]),
        (Slice(axis=-3, slice_point=(1,)), (MAP,), 0, ["Slice"]),
        (Slice(slice_point=(1, 3)), (MAP,), 1, ["Slice", "Slice"]),
        (Slice(axis=3, slice_point=(1, 2, 4)), (MAP,), 1, ["Slice"] * 3),
        (Slice(slice_point=(1, 3)), (MAP,), 2, ["Gather"] * 3),
        (Slice(axis=-1, slice_point=(2,)), (MAP,), 2, ["Gather"] * 2),
        (Crop(), (MAP, (2, 4, 5, 5)), 0, ["Crop"]),
        (Crop(axis=1, offset=(1, 1, 1)), (MAP, (2, 3, 5, 5)), 0, ["Crop"]),
        (Exp(base=2.0, scale=0.5, shift=0.1), (MAP,), 0, ["Power", "Exp"]),
        (Exp(scale=0.5), (MAP,), 0, ["Power", "Exp"]),
        (Flatten(axis=1, end_axis=2), (MAP,), 0, ["Reshape"]),
        (Flatten(), (MAP,), 0, ["Reshape"]),
        (Reshape(shape=(2, 2), axis=1, num_axes=1), (MAP,), 0, ["Reshape"]),
        (Reshape(shape=(0, -1)), (MAP,), 1, ["Flatten"]),
        (Reshape(shape=(0, 8)), ((2, 8, 1, 1),), 1, ["Flatten"]),
        (Log(base=10.0, scale=0.1, shift=9.0), (MAP,), 0, ["Power", "Log", "Power"]),
        (Log(scale=0.1, shift=9.0), (MAP,), 1, ["Log"]),
        (Log(scale=0.1, shift=9.0), (MAP,), 2, ["Log", "Power"]),
        (LRN(local_size=3, alpha=0.5, k=2.0), (MAP,), 0, ["LRN", "Power"]),
        (LRN(local_size=3, alpha=0.5, k=2.0), (MAP,), 1, ["LRN"]),
        (Tile(tiles=3, axis=2), (MAP,), 0, ["Concat"]),
        (Tile(tiles=200, axis=2), (MAP,), 0, ["Concat"]),
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
        (Softmax(axis=1), (MAP,), 0, "counted from the front"),
        (Concat(axis=1), (MAP, MAP), 1, "joins several"),
        (Slice(slice_point=(1,)), (MAP,), 1, "two parts"),
        (Crop(axis=2, offset=(1, 2)), (MAP, (2, 4, 3, 3)), 0, "offsets differ"),
        (Exp(), (MAP,), 0, "e^x"),
        (Reshape(shape=(1, 1)), ((),), 1, "no rows"),
        (Reshape(shape=(0, 2, 84)), (MAP,), 1, "no rows"),
        (Log(), (MAP,), 0, "natural logarithm"),
        (Log(base=2.0), (MAP,), 1, "not the natural logarithm"),
        (Log(base=2.0), (MAP,), 2, "not the natural logarithm"),
        (LRN(local_size=3), (MAP,), 0, "k is 1"),
        (LRN(local_size=3, norm_region="WITHIN_CHANNEL"), (MAP,), 1, "within channels"),
        (Split(), (MAP,), 0, "the net gives its tops"),
        (Concat(), (MAP,), 1, "the net gives its tops"),
    ],
    ids=str,
)
def test_where_it_does_not_apply_it_says_why(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, reason: str
) -> None:
    assert reason in refusal(net_of_layer(layer, *shapes), FORMS[type(layer)][place])


def test_a_split_and_a_concat_of_one_blob_are_nothing() -> None:
    net = net_of_layer(Concat(), MAP)
    add(net, "z", ReLU())
    split = net.node("y")
    new = Replacement(net=net, old=split)
    assert FORMS[Concat][1].build(new) == ""
    new.commit()
    assert [(node.name, node.bottoms) for node in net.nodes] == [("x0", ()), ("z", ("x0",))]
