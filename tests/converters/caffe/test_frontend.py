from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from converters.caffe import convert
from converters.caffe.frontend import parse_shapes
from tests.converters.caffe.files import CONV, INPUT, pair, prototxt

V1 = """
input: "data" input_dim: 1 input_dim: 3 input_dim: 12 input_dim: 12
layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv" convolution_param { num_output: 4 kernel_size: 3 } }
layers { name: "relu" type: RELU bottom: "conv" top: "conv" }
"""


def test_every_blob_is_a_value_under_its_name(tmp_path: Path) -> None:
    net = convert(*pair(tmp_path, INPUT + CONV))
    assert net.values == {"data": "data", "conv": "conv"}
    assert net.node("conv").blobs[0].shape == (4, 3, 3, 3)


def test_the_oldest_layers_are_read_too(tmp_path: Path) -> None:
    net = convert(prototxt(tmp_path, V1))
    assert [node.name for node in net.nodes] == ["data", "conv", "relu"]


def test_all_problems_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = (
        INPUT
        + 'layer { name: "a" type: "Mihs" bottom: "data" top: "a" }\n'
        + 'layer { name: "b" type: "Python" bottom: "data" top: "b" python_param { module: "m" layer: "L" } }\n'
        + 'layer { name: "c" type: "Input" top: "c" }\n'
    )
    with pytest.raises(ConversionError) as caught:
        convert(prototxt(tmp_path, text))
    told = [(problem.origin.line if problem.origin else None, problem.what) for problem in caught.value.problems]
    assert told == [
        (4, "c has no size in the file"),
        (2, "layer type 'Mihs' is not known here"),
        (3, "b is a Python layer, m.L"),
    ]
    assert caught.value.problems[1].hint == "did you mean Mish?"


def test_every_unknown_type_is_told_also_behind_another(tmp_path: Path) -> None:
    text = (
        INPUT
        + 'layer { name: "a" type: "Relu" bottom: "data" top: "a" }\n'
        + 'layer { name: "b" type: "Convoluton" bottom: "a" top: "b" }\n'
        + 'layer { name: "c" type: "ReLU" bottom: "b" top: "c" }\n'
        + 'layer { name: "d" type: "Python" bottom: "c" top: "d" python_param { module: "m" layer: "L" } }\n'
    )
    with pytest.raises(ConversionError) as caught:
        convert(prototxt(tmp_path, text))
    assert [problem.what for problem in caught.value.problems] == [
        "layer type 'Relu' is not known here",
        "layer type 'Convoluton' is not known here",
        "d is a Python layer, m.L",
    ]


def test_weights_that_do_not_fit_are_told_with_layer_and_shapes(tmp_path: Path) -> None:
    _, weights = pair(tmp_path, INPUT + CONV)
    other = prototxt(tmp_path, INPUT + CONV.replace("num_output: 4", "num_output: 5"), "other")
    with pytest.raises(ConversionError, match="conv takes weights 5x3x3x3, 5; the caffemodel has"):
        convert(other, weights)


def test_shapes_as_they_are_typed() -> None:
    assert parse_shapes(["data=1x3x8x8", "b=1X2"]) == {"data": (1, 3, 8, 8), "b": (1, 2)}
    assert parse_shapes(["1x3"]) == {"": (1, 3)}
    with pytest.raises(ConversionError) as caught:
        parse_shapes(["data=1x0", "data=axb", "c=1", "c=2"])
    assert [problem.what for problem in caught.value.problems] == [
        "--input data=1x0: '1x0' is not a shape",
        "--input data=axb: 'axb' is not a shape",
        "--input c=2: c is given twice",
    ]


def test_an_input_in_the_old_form_without_a_size_has_its_line(tmp_path: Path) -> None:
    text = 'name: "net"\ninput: "data"\nlayer { name: "a" type: "ReLU" bottom: "data" top: "a" }\n'
    with pytest.raises(ConversionError) as caught:
        convert(prototxt(tmp_path, text))
    (problem,) = caught.value.problems
    assert (problem.what, problem.origin and problem.origin.line) == ("data has no size in the file", 2)
