from __future__ import annotations

import pytest

from caffe_ir.forms.fork_resize import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import HalfPixelInterp, Interp, ReferencedInterp, StrideUpsample, Upsample
from caffe_ir.layers.source import NearestUpsample, Resize
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

MAP = (2, 4, 6, 8)


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "types"),
    [
        (Upsample(scale=2), (MAP,), 0, ["NearestUpsample"]),
        (StrideUpsample(stride_h=2, stride_w=3), (MAP,), 0, ["NearestUpsample"]),
        (StrideUpsample(stride_h=2, stride_w=2, scale=2.0), (MAP,), 0, ["NearestUpsample", "Power"]),
        (NearestUpsample(scale=(2, 2)), (MAP,), 0, ["Upsample"]),
        (NearestUpsample(scale=(2, 3)), (MAP,), 1, ["Upsample"]),
        (Interp(zoom_factor=2), (MAP,), 0, ["Resize"]),
        (Interp(height=6, width=5), (MAP,), 0, ["Resize"]),
        (Resize(mode="linear", axes=(2, 3), output_size=(7, 3), align_corners=True), (MAP,), 0, ["Interp"]),
        (Resize(mode="linear", axes=(2, 3), output_size=(12, 3)), (MAP,), 1, ["Interp"]),
        (Resize(mode="linear", axes=(3,), output_size=(16,), scale=(2.0,)), (MAP,), 1, ["Interp"]),
        (HalfPixelInterp(height=9, width=8), (MAP,), 0, ["Resize"]),
        (Resize(mode="linear", axes=(3,), output_size=(1,), align_corners=True), (MAP,), 0, ["Interp"]),
        (ReferencedInterp(), (MAP, (1, 3, 9, 5)), 0, ["Interp"]),
        (ReferencedInterp(pad_beg=-1), (MAP, (1, 3, 9, 5)), 0, ["Interp"]),
        (Interp(shrink_factor=2, zoom_factor=3), (MAP,), 0, ["Resize"]),
        (Interp(height=9, width=8, pad_beg=-1, pad_end=-2), (MAP,), 0, ["CropTo", "Resize"]),
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
        (NearestUpsample(scale=(2, 3)), (MAP,), 0, "factors differ"),
        (Resize(mode="linear", axes=(2, 3), output_size=(7, 3)), (MAP,), 0, "aligned corners"),
        (Resize(mode="linear", axes=(2, 3), output_size=(7, 3), align_corners=True), (MAP,), 1, "half pixels"),
        (Resize(mode="linear", axes=(2,), output_size=(10,), scale=(1.7,)), (MAP,), 1, "ratios"),
        (Resize(mode="linear", axes=(1,), output_size=(7,)), (MAP,), 1, "no map"),
        (Resize(mode="cubic", axes=(2,), output_size=(7,), align_corners=True), (MAP,), 0, "linear"),
        (Resize(mode="linear", axes=(1,), output_size=(7,), align_corners=True), (MAP,), 0, "no map"),
        (
            Resize(mode="linear", axes=(2,), output_size=(3,), align_corners=True, antialias=True),
            (MAP,),
            0,
            "aligned corners",
        ),
    ],
    ids=str,
)
def test_where_it_does_not_apply_it_says_why(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, reason: str
) -> None:
    assert reason in refusal(net_of_layer(layer, *shapes), FORMS[type(layer)][place])
