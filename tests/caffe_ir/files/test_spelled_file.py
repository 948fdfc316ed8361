from __future__ import annotations

from pathlib import Path

from caffe_ir.files.spelled_file import misspellings, read_spelled, spelled_file
from caffe_ir.float32 import Float32
from caffe_ir.targets import CAFFE, TARGETS

OLD = """
input: "data" input_dim: 1 input_dim: 2 input_dim: 4 input_dim: 4
layer { name: "up" type: "Upsample" bottom: "data" top: "up" upsample_param { scale: 2 } }
layer { name: "drop" type: "Dropout" bottom: "up" top: "up" include { phase: TRAIN } }
"""


def test_old_forms_and_fields_of_forks_are_named_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(OLD)
    file = spelled_file(path)
    assert [origin.layer for origin, *_ in file.layers] == ["up"]
    assert [(origin.line, verdict.why) for origin, verdict in misspellings(file, CAFFE)] == [
        (3, "BVLC Caffe 1.0 has no field upsample_param")
    ]
    assert [origin.line for origin, _ in misspellings(file, TARGETS["rknn2"])] == [1]


def test_what_a_file_spells_is_given_with_its_fillers(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(
        'layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 3\n'
        'kernel_size: 1 weight_filler { type: "gaussian" std: 0.01 } } }\n'
        'layer { name: "r" type: "BNLL" bottom: "c" top: "r" }\n'
        'layer { name: "d" type: "Dropout" bottom: "c" top: "d" include { phase: TRAIN } }\n',
    )
    found = read_spelled(path)
    assert found["c"]["weight_filler"] == {"type": "gaussian", "std": Float32(0.01)}
    assert found["r"] == {}
    assert "d" not in found
