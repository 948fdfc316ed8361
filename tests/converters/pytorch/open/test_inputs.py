"""Inputs as users type them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch.open.inputs import InputSpec, example_inputs, parse_input, parse_inputs


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("1x3x224x224", InputSpec(shape=(1, 3, 224, 224))),
        ("1X3X8X8", InputSpec(shape=(1, 3, 8, 8))),
        ("image=2x3x8x8", InputSpec(shape=(2, 3, 8, 8), name="image")),
        ("ids=1x16:int64", InputSpec(shape=(1, 16), name="ids", dtype=torch.int64)),
        ("7", InputSpec(shape=(7,))),
    ],
)
def test_parse_input(text, spec):
    assert parse_input(text) == spec


@pytest.mark.parametrize("text", ["", "1x", "3,4", "1x3:int4", "=1x3", "1x0x3", "a b=1", "-1x3", "1x99999x99999"])
def test_what_is_no_input(text):
    with pytest.raises(ConversionError, match="is not an input"):
        parse_input(text)


class Two(nn.Module):
    """An image and a mask."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, dtype=torch.float16))

    def forward(self, image, mask):
        return image + mask


def test_example_inputs_by_place_and_by_name():
    args, named = example_inputs(Two(), [parse_input("1x3"), parse_input("mask=1x4:float32")])
    assert [tuple(tensor.shape) for tensor in args] == [(1, 3)]
    assert args[0].dtype == torch.float16
    assert named["mask"].dtype == torch.float32
    assert tuple(named["mask"].shape) == (1, 4)


def test_an_input_name_that_does_not_exist():
    with pytest.raises(ConversionError) as refused:
        example_inputs(Two(), [parse_input("imge=1x3"), parse_input("zzz=1")])
    told = [str(problem) for problem in refused.value.problems]
    assert told[0] == "the model has no input imge (forward takes image, mask)\n    -> did you mean image?"
    assert told[1].startswith("the model has no input zzz")


def test_everything_that_is_wrong_with_any_input_is_told():
    with pytest.raises(ConversionError) as refused:
        parse_inputs(["1x0x3", "image=1x3", "foo", "image=1x4", "1x3"])
    assert [problem.what for problem in refused.value.problems] == [
        "'1x0x3' is not an input",
        "'foo' is not an input",
        "2 inputs are called image",
    ]
    assert [spec.shape for spec in parse_inputs(["1x3", "mask=4"])] == [(1, 3), (4,)]


def test_a_blob_that_caffe_cannot_count():
    with pytest.raises(ConversionError, match="at most 2,147,483,647 numbers"):
        parse_input("1x3x99999999x99999999")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1,3,8,8", "1x3x8x8"), ("(1, 3, 8, 8)", "1x3x8x8"), ("image=[1,16]", "image=1x16"), ("1 3 8", "1x3x8")],
)
def test_a_shape_as_others_spell_it(text, meant):
    with pytest.raises(ConversionError) as refused:
        parse_input(text)
    assert refused.value.problems[0].hint == f"did you mean --input {meant}?"


@pytest.mark.parametrize("text", ["0x3", "1x3:flaot", "1.5x3", "x", "1,x"])
def test_a_shape_that_is_wrong_otherwise(text):
    with pytest.raises(ConversionError) as refused:
        parse_input(text)
    assert refused.value.problems[0].hint.startswith("for example")
