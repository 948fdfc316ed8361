from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.net_text import (
    layer_lines,
    lines_of_inputs,
    message_text,
    parsed_as_it_is,
    read_message,
    runs_at_test,
    upgraded,
)

YOUNGER = "it is younger than `layers`: write the net with `layer`, and"
CROP = (
    "a fork's, whose offset follows from the layers between its two blobs: write the net with `layer`, and "
    'type: "Crop" with crop_param { axis: 2 offset: N }'
)
NO_BRACE = "a layer begins inside another message: a } may be missing before it"
RELU = 'layer {\n  name: "relu"\n  type: "ReLU"\n  bottom: "data"\n  top: "relu"\n}\n'


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "net.prototxt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_layers_have_the_lines_on_which_they_begin(tmp_path: Path) -> None:
    message, lines = read_message(written(tmp_path, f'# layer {{\nname: "net"\n{RELU}\n{RELU}'))
    assert [layer.name for layer in message.layer] == ["relu", "relu"]
    assert layer_lines(message, lines) == [3, 10]


def test_a_message_is_written_as_it_was_read(tmp_path: Path) -> None:
    message, _ = read_message(written(tmp_path, f'name: "net"\n{RELU}'))
    assert read_message(written(tmp_path, message_text(message)))[0] == message


def test_layers_whose_lines_cannot_be_counted_have_none(tmp_path: Path) -> None:
    one_line = RELU.replace("\n", " ")
    message, lines = read_message(written(tmp_path, f"{one_line} {one_line}"))
    assert layer_lines(message, lines) == [None, None]


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


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("layer { upsampel_param { } }", "LayerParameter has no field upsampel_param", "did you mean upsample_param?"),
        (
            "[net]\nwidth=416",
            "a line begins with [, as in no prototxt",
            "a Darknet cfg belongs to `convert darknet CFG WEIGHTS`",
        ),
        ("layer { name: 'a' layer { }", "LayerParameter has no field layer", NO_BRACE),
        ("layer { upsample_param { scale: 2 layer { }", "UpsampleParameter has no field layer", NO_BRACE),
        ("layers { type: CONVOLUTOIN }", "`layers` has no type CONVOLUTOIN", "did you mean CONVOLUTION?"),
        ("layers { type: CROP }", "`layers` has no type CROP", CROP),
        ("layers { type: PRELU }", "`layers` has no type PRELU", f'{YOUNGER} type: "PReLU"'),
        ('layers { type: "Convolution" }', "`layers` has no type Convolution", "did you mean CONVOLUTION?"),
        ("layer { pooling_param { pool: AVG } }", "PoolMethod has no value AVG", "did you mean AVE?"),
        (
            "layer { lrn_param { norm_region: WITHIN_CHANEL } }",
            "LRNParameter.NormRegion has no value WITHIN_CHANEL",
            "did you mean WITHIN_CHANNEL?",
        ),
        (
            "layer { convolution_param { kernel: 3 } }",
            "ConvolutionParameter has no field kernel",
            "did you mean kernel_size?",
        ),
        ("layer { upsample_param { scalee: 2 } }", "UpsampleParameter has no field scalee", "did you mean scale?"),
        ("layer { convolution_param { num_output: four } }", "column 41: Couldn't parse integer: four", ""),
        ('layer { name: "a"', 'column 15: Expected "}".', ""),
    ],
)
def test_what_cannot_be_parsed_is_said_once_with_the_field_that_is_meant(text, what, hint, tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(text)
    with pytest.raises(ConversionError) as caught:
        read_message(path)
    (problem,) = caught.value.problems
    assert (problem.what, problem.hint, problem.origin and problem.origin.line) == (what, hint, 1)


def test_lines_of_inputs_are_those_of_the_net_alone() -> None:
    text = 'name: "net" # input: "no"\ninput: "a" input: \'b\'\nlayer { name: "x"\n  input: "c" }\n input:"d"'
    assert lines_of_inputs(text) == [2, 2, 5]


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


def test_an_unknown_field_of_an_unknown_type_names_all_of_these(tmp_path: Path) -> None:
    text = (
        f'{RELU}layer {{ name: "p" type: "Padding" top: "p" padding_param {{ pad: 1 }} }}\n'
        'layer { name: "d" type: "Data" }\nlayer { name: "m" type: "Mihs" top: "m" }\n'
    )
    with pytest.raises(ConversionError) as caught:
        read_message(written(tmp_path, text))
    assert [(one.what, one.origin and one.origin.line, one.hint) for one in caught.value.problems] == [
        ("layer type 'Padding' is not known here", 7, ""),
        ("layer type 'Mihs' is not known here", 9, "did you mean Mish?"),
    ]


def test_an_unknown_field_of_a_known_type_is_named_itself(tmp_path: Path) -> None:
    text = f'{RELU}layer {{ name: "m" type: "Mihs" }}\nlayer {{ name: "p" type: "ReLU" relu_parm {{ }} }}\n'
    with pytest.raises(ConversionError, match=r"net\.prototxt:8: LayerParameter has no field relu_parm"):
        read_message(written(tmp_path, text))


def test_all_that_is_not_known_is_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        'layer { name: "a" type: "ReLU" top: "a"\n relu_parm { x: [1, 2] y { z: "}" } } }\n'
        'layer { name: "b" type: "Mihs" top: "b" mish_parm { a: 1 } }\n'
        'layer { name: "c" type: "Dropout" top: "c" dropout_param { ratio: 0.5 scale_trian: false } }\n'
        'layer { name: "d" type: "Data" top: "d" data_param { what: 1 } }\n'
    )
    with pytest.raises(ConversionError) as caught:
        read_message(written(tmp_path, text))
    assert [(one.what, one.origin and one.origin.line) for one in caught.value.problems] == [
        ("LayerParameter has no field relu_parm", 2),
        ("layer type 'Mihs' is not known here", 3),
        ("DropoutParameter has no field ratio", 4),
        ("DropoutParameter has no field scale_trian", 4),
    ]
    with pytest.raises(ConversionError) as caught:
        read_message(written(tmp_path, f"{text}layer {{ name: }}"))
    assert [one.origin and one.origin.line for one in caught.value.problems] == [2, 3, 4, 4, 6]


@pytest.mark.parametrize("layer", ['type: "ReLU"', 'type: "Data"'])
def test_a_file_of_fields_that_are_not_known_is_read_to_an_end(layer: str, tmp_path: Path) -> None:
    text = f'layer {{ name: "a" {layer} top: "a" {" ".join(f"f{number}: 1" for number in range(2000))} }}'
    with pytest.raises(ConversionError, match="has no field f0" if "ReLU" in layer else "has no field f499"):
        read_message(written(tmp_path, text))
