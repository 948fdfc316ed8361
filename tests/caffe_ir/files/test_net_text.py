from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.net_text import (
    message_text,
    parsed_as_it_is,
    read_message,
    runs_at_test,
    upgraded,
)
from caffe_ir.files.text_places import layer_lines

RELU = 'layer {\n  name: "relu"\n  type: "ReLU"\n  bottom: "data"\n  top: "relu"\n}\n'


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "net.prototxt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_message_is_written_as_it_was_read(tmp_path: Path) -> None:
    message, _ = read_message(written(tmp_path, f'name: "net"\n{RELU}'))
    assert read_message(written(tmp_path, message_text(message)))[0] == message


def test_old_forms_are_as_they_stand_until_they_are_upgraded(tmp_path: Path) -> None:
    path, text = tmp_path / "net.prototxt", 'layers { name: "relu" type: RELU bottom: "data" top: "relu" }'
    message = parsed_as_it_is(path, text)
    assert (len(message.layers), len(message.layer)) == (1, 0)
    upgraded(path, message)
    assert [layer.type for layer in message.layer] == ["ReLU"]


@pytest.mark.parametrize(
    ("rule", "stages", "runs"),
    [
        ("", (), True),
        ("include { phase: TRAIN }", (), False),
        ("include { phase: TEST }", (), True),
        ("exclude { phase: TEST }", (), False),
        ('include { stage: "a" }', (), False),
        ('include { stage: "a" }', ("a",), True),
        ('include { not_stage: "a" }', ("a",), False),
        ("include { min_level: 1 }", (), False),
    ],
)
def test_the_rules_of_a_layer(rule: str, stages: tuple[str, ...], runs: bool, tmp_path: Path) -> None:
    message = parsed_as_it_is(tmp_path, f'layer {{ name: "x" type: "ReLU" {rule} }}')
    assert runs_at_test(message.layer[0], frozenset(stages)) == runs


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("layer {\n  nome: 1\n}", "net.prototxt:2"),
        (b"\xff\xfe\x00", "it is not text"),
        (b'\xef\xbb\xbfname: "net"', "net.prototxt:1: the file begins with a byte order mark"),
        ('layers { name: "a" type: RELU }\nlayer { name: "b" type: "ReLU" }', "net.prototxt"),
    ],
)
def test_what_caffe_does_not_parse(text: str | bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=told):
        read_message(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="No such file"):
        read_message(tmp_path / "net.prototxt")


SSD = """layer { name: "data" type: "AnnotatedData" top: "data" top: "label"
  transform_param { mirror: true resize_param { prob: 1 resize_mode: WARP } scale: 2 emit_constraint { a: 1 } } # }
  annotated_data_param { batch_sampler { max_sample: 1 } } }
layer { name: "relu" type: "ReLU" bottom: "data" top: "relu" }
layer { name: "loss" type: "MultiBoxLoss" bottom: "relu" top: "loss" loss_param { weighted: 0.5 }
  multibox_loss_param { loc_loss_type: SMOOTH_L1 } }
layer { name: "eval" type: "Evaluate" bottom: "relu" top: "eval" include { phase: TRAIN } evaluate_param { k: 'x' } }
"""


def test_unknown_fields_of_layers_for_training_are_left_out(tmp_path: Path) -> None:
    message, lines = read_message(written(tmp_path, SSD))
    assert layer_lines(message, lines) == [1, 4, 5, 7]
    assert message.layer[0].transform_param.scale == 2


@pytest.mark.parametrize("layer", ['type: "ReLU"', 'type: "Data"'])
def test_a_file_of_fields_that_are_not_known_is_read_to_an_end(layer: str, tmp_path: Path) -> None:
    text = f'layer {{ name: "a" {layer} top: "a" {" ".join(f"f{number}: 1" for number in range(2000))} }}'
    with pytest.raises(ConversionError, match="has no field f0" if "ReLU" in layer else "has no field f499"):
        read_message(written(tmp_path, text))
