from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.net_text import read_message

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


def test_a_field_beside_an_unknown_type_on_one_line_is_said_too(tmp_path: Path) -> None:
    text = 'layer { name: "m" type: "Mihs" top: "m" } layer { name: "r" type: "ReLU" top: "r" relu_parm { } }'
    with pytest.raises(ConversionError) as caught:
        read_message(written(tmp_path, text))
    assert sorted(one.what for one in caught.value.problems) == [
        "LayerParameter has no field relu_parm",
        "layer type 'Mihs' is not known here",
    ]
