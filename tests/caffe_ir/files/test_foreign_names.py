"""What a hint says to write is what caffe.proto has: its fields and types are read there, not copied from here."""

from __future__ import annotations

import re

import pytest
from google.protobuf import text_format

from caffe_ir.files.foreign_names import _FIELDS, _TYPES, field_hint, type_hint
from caffe_ir.layers import LAYERS
from caffe_ir.proto import caffe_pb2


def fields(message: str) -> list[str]:
    return list(caffe_pb2.DESCRIPTOR.message_types_by_name[message].fields_by_name)


@pytest.mark.parametrize(
    ("message", "written", "meant"),
    [
        ("ConvolutionParameter", "out_channels", "num_output"),
        ("ConvolutionParameter", "filters", "num_output"),
        ("ConvolutionParameter", "numOutput", "num_output"),
        ("ConvolutionParameter", "kernel", "kernel_size"),
        ("ConvolutionParameter", "use_bias", "bias_term"),
        ("InnerProductParameter", "units", "num_output"),
        ("PoolingParameter", "pool_size", "kernel_size"),
        ("PoolingParameter", "mode", "pool"),
        ("PoolingParameter", "type", ""),
        ("EltwiseParameter", "mode", "operation"),
        ("DropoutParameter", "p", "dropout_ratio"),
        ("DropoutParameter", "ratio", "dropout_ratio"),
        ("ReLUParameter", "alpha", "negative_slope"),
        ("BatchNormParameter", "epsilon", "eps"),
        ("SoftmaxParameter", "dim", "axis"),
        ("PermuteParameter", "dims", "order"),
        ("BlobShape", "dims", "dim"),
    ],
)
def test_the_field_that_is_meant(message: str, written: str, meant: str) -> None:
    assert field_hint(written, fields(message)) == (f"did you mean {meant}?" if meant else "")


def test_every_field_that_may_be_meant_is_one() -> None:
    known = {field for message in caffe_pb2.DESCRIPTOR.message_types_by_name for field in fields(message)}
    assert {one for each in _FIELDS.values() for one in each} <= known
    assert not [name for name in _FIELDS if re.search(r"[^a-z0-9]", name)]


def test_what_is_to_be_written_for_a_type_is_a_prototxt() -> None:
    for written, hint in _TYPES.items():
        assert type_hint(written.upper(), LAYERS) == hint
        assert any(re.search(rf"\b{kind}\b", hint) for kind in LAYERS), hint
        for text in re.findall(r"\w+_param \{.*?\}", hint):
            text_format.Parse(text, caffe_pb2.LayerParameter())
    assert not {kind.lower() for kind in LAYERS} & _TYPES.keys()


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Conv", "Convolution"), ("Pool", "Pooling"), ("Relu", "ReLU"), ("Convolutoin", "Convolution"), ("Xyz", "")],
)
def test_other_types_are_meant_by_their_letters(written: str, meant: str) -> None:
    assert type_hint(written, LAYERS) == (f"did you mean {meant}?" if meant else "")
