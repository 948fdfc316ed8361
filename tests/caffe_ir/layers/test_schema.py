"""Every layer against caffe.proto: the names of the fields, their defaults, and the way there and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format
from msgspec import NODEFAULT

from caffe_ir.layers import (
    BN,
    BNLL,
    ELU,
    LAYERS,
    LRN,
    LSTM,
    MVN,
    RNN,
    SPP,
    AbsVal,
    ArgMax,
    Axpy,
    BatchNorm,
    BatchReindex,
    Bias,
    Clip,
    Concat,
    Convolution,
    ConvolutionDepthwise,
    Crop,
    Deconvolution,
    DepthwiseConvolution,
    DetectionOutput,
    Dropout,
    DummyData,
    Eltwise,
    Embed,
    Exp,
    Filter,
    Flatten,
    HardSigmoid,
    HardSwish,
    Im2col,
    InnerProduct,
    Input,
    Interp,
    Log,
    MatMul,
    Mish,
    Normalize,
    Parameter,
    PassThrough,
    Permute,
    Pooling,
    Power,
    PReLU,
    PriorBox,
    PSROIPooling,
    Reduction,
    ReLU,
    ReLU6,
    Reorg,
    Reshape,
    Reverse,
    ROIPooling,
    Scale,
    ShuffleChannel,
    Sigmoid,
    Silence,
    Slice,
    Softmax,
    Split,
    Swish,
    TanH,
    Threshold,
    Tile,
    Upsample,
)
from caffe_ir.proto.caffe_pb2 import LayerParameter

WINDOWS: dict[str, Any] = {"kernel_size": (3, 5), "stride": (2, 1), "pad": (1, 2)}
FULL = [
    AbsVal(),
    ArgMax(out_max_val=True, top_k=2, axis=-1),
    Axpy(),
    BN(),
    BNLL(),
    BatchNorm(use_global_stats=False, eps=0.5),
    BatchReindex(),
    Bias(axis=2, num_axes=2),
    Clip(min=-1.0, max=1.0),
    Concat(axis=2),
    Convolution(num_output=4, group=2, bias_term=False, axis=2, dilation=(1, 2), **WINDOWS),
    ConvolutionDepthwise(num_output=4, bias_term=False, axis=2, dilation=(1, 2), **WINDOWS),
    Crop(axis=1, offset=(1, 2, 3)),
    Deconvolution(num_output=4, group=2, bias_term=False, axis=2, dilation=(2, 2), **WINDOWS),
    DepthwiseConvolution(num_output=4, bias_term=False, axis=2, dilation=(1, 2), **WINDOWS),
    DetectionOutput(
        num_classes=3,
        share_location=False,
        background_label_id=-1,
        nms_threshold=0.5,
        top_k=7,
        eta=0.5,
        code_type="CENTER_SIZE",
        keep_top_k=4,
        variance_encoded_in_target=True,
        confidence_threshold=0.25,
    ),
    Dropout(dropout_ratio=0.25),
    DummyData(shape=(1, 2), value=3.0),
    ELU(alpha=2.0),
    Eltwise(operation="SUM", coeff=(1.0, -1.0)),
    Embed(num_output=3, input_dim=4, bias_term=False),
    Exp(base=2.0, scale=3.0, shift=4.0),
    Filter(),
    Flatten(axis=2, end_axis=3),
    HardSigmoid(),
    HardSwish(),
    Im2col(dilation=(2, 1), **WINDOWS),
    InnerProduct(num_output=3, bias_term=False, axis=2, transpose=True),
    Input(shape=(1, 3, 4, 4)),
    Interp(height=5, width=6, zoom_factor=2, shrink_factor=3, pad_beg=-1, pad_end=-2),
    LRN(local_size=3, alpha=0.5, beta=0.25, norm_region="WITHIN_CHANNEL", k=2.0),
    LSTM(num_output=3, expose_hidden=True),
    Log(base=2.0, scale=3.0, shift=4.0),
    MVN(normalize_variance=False, across_channels=True, eps=0.5),
    MatMul(),
    Mish(),
    Normalize(across_spatial=False, channel_shared=False, eps=0.5),
    PReLU(channel_shared=True),
    PSROIPooling(spatial_scale=0.5, output_dim=2, group_size=3),
    Parameter(shape=(2, 3)),
    PassThrough(block_height=2, block_width=3),
    Permute(order=(0, 2, 1)),
    Pooling(pool="AVE", round_mode="FLOOR", **WINDOWS),
    Power(power=2.0, scale=3.0, shift=4.0),
    PriorBox(
        min_size=(3.0,),
        max_size=(5.0,),
        aspect_ratio=(2.0,),
        flip=False,
        clip=True,
        variance=(0.5, 0.25, 0.5, 0.25),
        img_size=30,
        img_h=31,
        img_w=32,
        step=2.0,
        step_h=3.0,
        step_w=4.0,
        offset=0.25,
    ),
    RNN(num_output=3, expose_hidden=True),
    ROIPooling(pooled_h=2, pooled_w=3, spatial_scale=0.5),
    ReLU(negative_slope=0.5),
    ReLU6(),
    Reduction(operation="MEAN", axis=1, coeff=2.0),
    Reorg(stride=2, reverse=True),
    Reshape(shape=(0, -1), axis=1, num_axes=2),
    Reverse(axis=(1, 2)),
    SPP(pyramid_height=2, pool="AVE"),
    Scale(axis=0, num_axes=2, bias_term=True),
    ShuffleChannel(group=2),
    Sigmoid(),
    Silence(),
    Slice(slice_point=(1, 2), axis=0),
    Softmax(axis=2),
    Split(),
    Swish(beta=2.0),
    TanH(),
    Threshold(threshold=0.5),
    Tile(tiles=2, axis=3),
    Upsample(scale=2),
]
UNWRITTEN = {
    ("BN", "bn_mode"),
    ("Split", "copies"),
    ("ConvolutionDepthwise", "group"),
    ("DepthwiseConvolution", "group"),
}
OTHERWISE_SPELLED = {
    ("DummyData", "value"),
    *(("DetectionOutput", name) for name in ("nms_threshold", "top_k", "eta")),
}
"""A filler's value; the fields of nms_param."""


def test_every_type_is_registered_under_its_name():
    assert {name: kind.__name__ for name, kind in LAYERS.items()} == {name: name for name in LAYERS}
    assert [type(layer).__name__ for layer in FULL] == list(LAYERS)


def _parameters(kind):
    field = LayerParameter.DESCRIPTOR.fields_by_name[kind.param]
    assert field.message_type is not None
    return field.message_type.fields_by_name


@pytest.mark.parametrize("kind", LAYERS.values(), ids=LAYERS)
def test_fields_and_ignored_fields_are_caffes(kind):
    names = set(kind.declared()) - {name for kind_, name in UNWRITTEN | OTHERWISE_SPELLED if kind_ == kind.__name__}
    if not kind.param:
        assert not names
        return
    assert names | kind.ignored <= set(_parameters(kind))
    assert not names & kind.ignored


@pytest.mark.parametrize("kind", LAYERS.values(), ids=LAYERS)
def test_defaults_are_caffes(kind):
    for name, default in kind.declared().items():
        if default is NODEFAULT or (kind.__name__, name) in UNWRITTEN | OTHERWISE_SPELLED:
            continue
        field = _parameters(kind)[name]
        if field.is_repeated:
            assert default == ()
        elif default in (None, ()):
            assert not field.has_default_value
        elif field.enum_type is not None:
            assert default == field.enum_type.values_by_number[field.default_value].name
        elif isinstance(default, tuple):
            assert set(default) == {field.default_value}
        else:
            assert np.float32(default) == np.float32(field.default_value)
            assert isinstance(default, bool) == isinstance(field.default_value, bool)


def _text(values, indent=""):
    """Plain text of the fields, not through the product's own writer."""
    lines = []
    for name, value in values.items():
        shape = name == "shape"
        listed = (
            [value]
            if not isinstance(value, (list, tuple)) or (shape and not isinstance(value[0], (list, tuple)))
            else value
        )
        for each in listed:
            if shape:
                lines.append(f"shape {{ {' '.join(f'dim: {size}' for size in each)} }}")
            elif isinstance(each, dict):
                lines.append(f"{name} {{ {_text(each)} }}")
            elif name == "type":
                lines.append(f'{name}: "{each}"')
            else:
                lines.append(f"{name}: {str(each).lower() if isinstance(each, bool) else each}")
    return "\n".join(lines)


def _fields(message):
    """What a message sets, as plain values."""
    found = {}
    for field, value in message.ListFields():
        each = [value] if not field.is_repeated else value
        if field.message_type is not None:
            plain = [tuple(one.dim) if field.message_type.name == "BlobShape" else _fields(one) for one in each]
        elif field.enum_type is not None:
            plain = [field.enum_type.values_by_number[one].name for one in each]
        else:
            plain = list(each)
        found[field.name] = plain if field.is_repeated else plain[0]
    return found


@pytest.mark.parametrize("layer", FULL, ids=[type(layer).__name__ for layer in FULL])
def test_what_is_spelled_is_legal_text_and_is_read_back(layer):
    text = f"{layer.param} {{ {_text(layer.spelled())} }}" if layer.param else ""
    message = text_format.Parse(text, LayerParameter())
    spelled = _fields(getattr(message, layer.param)) if layer.param else {}
    assert type(layer).parsed(spelled) == layer


@pytest.mark.parametrize("layer", FULL, ids=[type(layer).__name__ for layer in FULL])
def test_every_field_here_is_off_its_default(layer):
    """So that the round trip above says something about each of them."""
    for name, default in layer.declared().items():
        if default is not NODEFAULT and (type(layer).__name__, name) not in UNWRITTEN | {("Pooling", "global_pooling")}:
            assert getattr(layer, name) != default, name
