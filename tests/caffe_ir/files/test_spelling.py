from __future__ import annotations

from collections.abc import Iterator

from google.protobuf import text_format

from caffe_ir.files.spelling import (
    EXTENSIONS,
    extensions,
    misspelled,
    old_form_verdicts,
    old_forms,
    spelled,
    written,
)
from caffe_ir.layer import Layer
from caffe_ir.layers import LRN, Swish
from caffe_ir.proto import caffe_pb2
from caffe_ir.targets import CAFFE, MNN, TARGETS
from caffe_ir.targets.target import Target, Verdict


def layer(text: str) -> caffe_pb2.LayerParameter:
    return text_format.Parse(text, caffe_pb2.LayerParameter())


POOL = layer('name: "p" type: "Pooling" pooling_param { kernel_size: 2 round_mode: CEIL }')
KERNEL = layer('name: "c" type: "Convolution" convolution_param { num_output: 2 kernel_size: 3 kernel_size: 5 }')


def test_a_field_that_a_target_does_not_have_is_refused_whatever_its_value() -> None:
    """`round_mode: CEIL` is the default, and Caffe 1.0 cannot parse it."""
    assert list(extensions(spelled(POOL))) == ["pooling_param.round_mode"]
    (verdict,) = misspelled(POOL.type, spelled(POOL), CAFFE)
    assert verdict.effect == "refused"
    assert verdict.why == "BVLC Caffe 1.0 has no field pooling_param.round_mode"
    assert not list(misspelled(POOL.type, spelled(POOL), TARGETS["caffe-master"]))


def test_a_message_of_a_fork_is_one_field() -> None:
    assert list(extensions(spelled(layer('name: "s" type: "Swish" swish_param { beta: 2 }')))) == ["swish_param"]
    assert not list(extensions(spelled(layer('name: "s" type: "Swish"'))))


def test_two_spellings_of_one_window_are_not_read_alike() -> None:
    (verdict,) = misspelled(KERNEL.type, spelled(KERNEL), MNN)
    assert verdict.silent
    assert not list(misspelled(KERNEL.type, spelled(KERNEL), CAFFE))


def test_old_forms() -> None:
    net = text_format.Parse('input: "data" input_dim: 1 layers { name: "r" type: RELU }', caffe_pb2.NetParameter())
    forms = old_forms(net)
    assert forms == {"layers", "input_dim"}
    assert not list(old_form_verdicts(forms, CAFFE))
    assert [verdict.why for verdict in old_form_verdicts(forms, MNN)] == [
        "MNN does not read a net in the old form, `layers`"
    ]


def test_every_field_that_a_target_claims_is_one_of_ours() -> None:
    assert {field for target in TARGETS.values() for field in target.parsed_fields} <= EXTENSIONS


def misread(layer: Layer, target: Target, reader: Target) -> Iterator[Verdict]:
    return misspelled(layer.type_name(), written(layer, target), reader)


def test_a_layer_is_read_as_it_is_written_for_a_target() -> None:
    """TensorRT takes 5 for the beta of an LRN that says none, Caffe 0.75."""
    tensorrt = TARGETS["tensorrt"]
    assert [verdict.effect for verdict in misread(LRN(), CAFFE, tensorrt)] == ["wrong"]
    assert not list(misread(LRN(), tensorrt, tensorrt))
    assert [verdict.why for verdict in misread(Swish(beta=2.0), TARGETS["caffe-master"], CAFFE)] == [
        "BVLC Caffe 1.0 has no field swish_param"
    ]
    assert not list(misread(Swish(), TARGETS["caffe-master"], CAFFE))


def test_every_type_of_a_target_can_be_written_for_it() -> None:
    """Its fields of forks are fields of that target."""
    unwritable = {
        (target.name, kind.type_name())
        for target in TARGETS.values()
        for kind in target.layers
        if kind.param in EXTENSIONS and kind.param not in target.parsed_fields
    }
    assert unwritable == {("ncnn", "Swish"), ("openvino", "Swish")}, "which both read without a beta"
