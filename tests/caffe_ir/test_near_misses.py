from __future__ import annotations

import pytest

from caffe_ir.near_misses import did_you_mean, near_misses
from caffe_ir.proto import caffe_pb2

KNOWN = ("resnet18", "resnet50", "LeakyReLU", "main")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("resnet19", ["resnet18", "resnet50"]),
        ("leakyrelu", ["LeakyReLU"]),
        ("RESNET50", ["resnet50", "resnet18"]),
        ("mian", ["main"]),
        ("vgg", []),
    ],
)
def test_the_best_comes_first(name: str, found: list[str]) -> None:
    assert near_misses(name, KNOWN) == found
    assert near_misses(name, KNOWN, most=1) == found[:1]


def test_names_that_differ_by_capitals_are_both_found() -> None:
    assert near_misses("NET", ["net", "Net", "other"]) == ["net", "Net"]
    assert near_misses("NET", ["net", "Net", "other"], most=1) == ["net"]


def test_how_alike_they_must_be() -> None:
    assert near_misses("resnet19", KNOWN, alike=0.8) == ["resnet18"]


def test_the_question() -> None:
    assert did_you_mean("resnet1", KNOWN) == "did you mean resnet18?"
    assert did_you_mean("resnet1", KNOWN, "[{}]", most=2) == "did you mean [resnet18] or [resnet50]?"
    assert did_you_mean("vgg", KNOWN) == ""
    assert did_you_mean("vgg", []) == ""


FIELDS = tuple(caffe_pb2.ConvolutionParameter.DESCRIPTOR.fields_by_name)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kernel", "kernel_size"),
        ("kernel_siz", "kernel_size"),
        ("kernl_size", "kernel_size"),
        ("stride_size", "stride"),
        ("strides", "stride"),
        ("stride_hh", "stride_h"),
        ("padding", "pad"),
        ("num_outputs", "num_output"),
        ("output", "num_output"),
        ("size", "kernel_size"),
        ("bias", "bias_term"),
        ("groups", "group"),
        ("dilations", "dilation"),
        ("dilation_rate", "dilation"),
    ],
)
def test_a_name_that_is_cut_short_or_longer_is_nearer_than_letters_say(written: str, meant: str) -> None:
    """What people of torch, Keras and Darknet write of a Convolution, and misspellings."""
    assert near_misses(written, FIELDS, most=1) == [meant]


def test_a_few_wrong_letters_count_before_a_part() -> None:
    assert near_misses("input_dims", ["input", "input_dim", "input_shape"], most=2) == ["input_dim", "input"]
    assert near_misses("layer_param", ["layer", "layers_param"], most=1) == ["layers_param"]
    assert near_misses("group", ["group_id", "groups"], most=1) == ["groups"]
    assert near_misses("openv", ["openvino", "opencv"], most=1) == ["opencv"]
    assert near_misses("pad_x", FIELDS) == ["pad_h", "pad_w", "pad"]


@pytest.mark.parametrize(
    ("name", "known"), [("k", "kernel_size"), ("to", "bottom"), ("siz", "resizer_param"), ("size", "x")]
)
def test_what_is_too_short_or_in_the_middle_of_a_word_is_not_meant(name: str, known: str) -> None:
    assert near_misses(name, [known]) == []
