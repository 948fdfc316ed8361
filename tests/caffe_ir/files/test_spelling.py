from __future__ import annotations

from google.protobuf import text_format

from caffe_ir.files.spelling import EXTENSIONS, extensions, misspelled, old_form_verdicts, old_forms
from caffe_ir.proto import caffe_pb2
from caffe_ir.targets import CAFFE, MNN, TARGETS


def layer(text: str) -> caffe_pb2.LayerParameter:
    return text_format.Parse(text, caffe_pb2.LayerParameter())


POOL = layer('name: "p" type: "Pooling" pooling_param { kernel_size: 2 round_mode: CEIL }')
KERNEL = layer('name: "c" type: "Convolution" convolution_param { num_output: 2 kernel_size: 3 kernel_size: 5 }')


def test_a_field_that_a_target_does_not_have_is_refused_whatever_its_value() -> None:
    """`round_mode: CEIL` is the default, and Caffe 1.0 cannot parse it."""
    assert list(extensions(POOL)) == ["pooling_param.round_mode"]
    (verdict,) = misspelled(POOL, CAFFE)
    assert verdict.effect == "refused"
    assert verdict.why == "BVLC Caffe 1.0 has no field pooling_param.round_mode"
    assert not list(misspelled(POOL, TARGETS["caffe-master"]))


def test_a_message_of_a_fork_is_one_field() -> None:
    assert list(extensions(layer('name: "s" type: "Swish" swish_param { beta: 2 }'))) == ["swish_param"]
    assert not list(extensions(layer('name: "s" type: "Swish"')))


def test_two_spellings_of_one_window_are_not_read_alike() -> None:
    (verdict,) = misspelled(KERNEL, MNN)
    assert verdict.silent
    assert not list(misspelled(KERNEL, CAFFE))


def test_old_forms() -> None:
    net = text_format.Parse('input: "data" input_dim: 1 layers { name: "r" type: RELU }', caffe_pb2.NetParameter())
    forms = old_forms(net)
    assert forms == {"layers", "input_dim"}
    assert not list(old_form_verdicts(forms, CAFFE))
    assert [verdict.why for verdict in old_form_verdicts(forms, MNN)] == [
        "MNN does not read a net in the old form, `layers`"
    ]


def test_every_field_that_a_target_claims_is_one_of_ours() -> None:
    assert {field for target in TARGETS.values() for field in target.fields} <= EXTENSIONS
