from __future__ import annotations

import pytest

from caffe_ir.forms import FORMS as ALL_FORMS
from caffe_ir.forms.forks import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    DIALECTS,
    LAYERS,
    SPELLINGS,
    Axpy,
    CeilModePooling,
    ChannelReorg,
    ConvolutionDepthwise,
    DepthwiseConvolution,
    HalfPixelInterp,
    HoleConvolution,
    Interp,
    MeanLRN,
    Normalize,
    PassThrough,
    ReferencedInterp,
    Reverse,
    StrideUpsample,
    UnscaledDropout,
    Upsample,
)
from caffe_ir.layers.source import Cells, Gather, NearestUpsample, Resize, SpaceToDepth
from caffe_ir.targets import CAFFE
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

MAP = (2, 4, 6, 8)
LENGTH = ["Power", "Reduce", "Power", "Mul", "Scale"]
CELLS = ((0, 0), (0, 1), (1, 0), (1, 1))


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
        (SpaceToDepth(block_size=(2, 2)), (MAP,), 0, ["Reorg"]),
        (ChannelReorg(stride=2), (MAP,), 0, ["SpaceToDepth"]),
        (Resize(mode="linear", axes=(3,), output_size=(1,), align_corners=True), (MAP,), 0, ["Interp"]),
        (Gather(axis=1, indices=(0, 2, 1, 3)), (MAP,), 0, ["ShuffleChannel"]),
        (Gather(axis=2, indices=(5, 4, 3, 2, 1, 0)), (MAP,), 1, ["Reverse"]),
        (Reverse(axis=(3,)), (MAP,), 0, ["Gather"]),
        (Reverse(axis=(-1, 1)), (MAP,), 0, ["Gather", "Gather"]),
        (ReferencedInterp(), (MAP, (1, 3, 9, 5)), 0, ["Interp"]),
        (ReferencedInterp(pad_beg=-1), (MAP, (1, 3, 9, 5)), 0, ["Interp"]),
        (PassThrough(block_height=2, block_width=4), (MAP,), 0, ["Cells"]),
        (Cells(stride=(2, 2), cells=CELLS), (MAP,), 0, ["PassThrough"]),
        (
            Normalize(across_spatial=False, channel_shared=False),
            (MAP,),
            0,
            ["Power", "Reduce", "Power", "Mul", "Scale"],
        ),
        (Normalize(), (MAP,), 0, LENGTH),
        (Axpy(), ((2, 4, 1, 1), MAP, MAP), 0, ["Mul", "Add"]),
        (Axpy(), ((2, 4), MAP, MAP), 0, ["Reshape", "Mul", "Add"]),
        (ConvolutionDepthwise(num_output=4, kernel_size=(3, 3), group=4), (MAP,), 0, ["Convolution"]),
        (DepthwiseConvolution(num_output=8, kernel_size=(3, 3), group=4), (MAP,), 0, ["Convolution"]),
        (HoleConvolution(num_output=3, kernel_size=(3, 2), dilation=(2, 1)), (MAP,), 0, ["Convolution"]),
        (HoleConvolution(num_output=3, kernel_size=(3, 3), dilation=(2, 2)), (MAP, MAP), 0, ["Convolution"]),
        (MeanLRN(local_size=5, alpha=0.1, beta=0.75, k=2.0), (MAP,), 0, ["LRN"]),
        (Interp(shrink_factor=2, zoom_factor=3), (MAP,), 0, ["Resize"]),
        (Interp(height=9, width=8, pad_beg=-1, pad_end=-2), (MAP,), 0, ["CropTo", "Resize"]),
        (CeilModePooling(pool="AVE", kernel_size=(3, 3), stride=(2, 2), ceil_mode=False), (MAP,), 0, ["Pooling"]),
        (UnscaledDropout(dropout_ratio=0.3, scale_train=False), (MAP,), 0, ["Power"]),
        (UnscaledDropout(), (MAP,), 0, []),
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
        (Gather(axis=1, indices=(0, 1, 3, 2)), (MAP,), 0, "not a shuffle"),
        (Gather(axis=1, indices=(3, 2, 1)), (MAP,), 1, "not taken backwards"),
        (Resize(mode="linear", axes=(2, 3), output_size=(7, 3)), (MAP,), 0, "aligned corners"),
        (Resize(mode="linear", axes=(2, 3), output_size=(7, 3), align_corners=True), (MAP,), 1, "half pixels"),
        (Resize(mode="linear", axes=(2,), output_size=(10,), scale=(1.7,)), (MAP,), 1, "ratios"),
        (Resize(mode="linear", axes=(1,), output_size=(7,)), (MAP,), 1, "no map"),
        (SpaceToDepth(block_size=(2, 1)), (MAP,), 0, "not squares"),
        (SpaceToDepth(block_size=(2, 2), mode="DCR"), (MAP,), 0, "before the channel"),
        (Resize(mode="cubic", axes=(2,), output_size=(7,), align_corners=True), (MAP,), 0, "linear"),
        (Resize(mode="linear", axes=(1,), output_size=(7,), align_corners=True), (MAP,), 0, "no map"),
        (
            Resize(mode="linear", axes=(2,), output_size=(3,), align_corners=True, antialias=True),
            (MAP,),
            0,
            "aligned corners",
        ),
        (Gather(axis=2, indices=(0, 1)), (MAP,), 0, "no channels"),
        (Cells(stride=(2, 2), cells=CELLS[::-1]), (MAP,), 0, "another order"),
    ],
    ids=str,
)
def test_where_it_does_not_apply_it_says_why(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, reason: str
) -> None:
    assert reason in refusal(net_of_layer(layer, *shapes), FORMS[type(layer)][place])


def test_every_layer_that_a_file_spells_and_caffe_lacks_has_a_form() -> None:
    kinds = {*LAYERS.values(), *(kind for kinds in (*SPELLINGS.values(), *DIALECTS.values()) for kind in kinds)}
    lacking = {kind.__name__ for kind in kinds if kind not in CAFFE.layers and kind not in ALL_FORMS}
    assert lacking == {"Unpool"}  # which the pass of its own writes, since it needs to see the Pooling
