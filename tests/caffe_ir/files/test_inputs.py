"""What Caffe's own input_layer.cpp, dummy_data_layer.cpp and upgrade_proto.cpp make of inputs of several blobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format

from caffe_ir.errors import ConversionError
from caffe_ir.files import reader
from caffe_ir.files.inputs import one_layer_for_each_input
from caffe_ir.proto import caffe_pb2

SHAPE, OTHER = "shape { dim: 1 dim: 3 dim: 8 dim: 8 }", "shape { dim: 1 dim: 3 }"
SUM = 'layer { name: "y" type: "Eltwise" bottom: "a" bottom: "b" top: "y" }'


def inputs(tmp_path: Path, text: str) -> dict[str, tuple[int, ...]]:
    path = tmp_path / "net.prototxt"
    path.write_text(text)
    net = reader.read(path)
    return {node.top: net.shapes[node.top] for node in net.nodes if not node.bottoms}


@pytest.mark.parametrize(
    ("param", "shapes"),
    [
        (SHAPE, {"a": (1, 3, 8, 8), "b": (1, 3, 8, 8)}),
        (f"{SHAPE} {OTHER}", {"a": (1, 3, 8, 8), "b": (1, 3)}),
    ],
)
def test_one_shape_is_that_of_all_blobs_and_else_each_has_its_own(tmp_path: Path, param: str, shapes) -> None:
    text = f'layer {{ name: "data" type: "Input" top: "a" top: "b" input_param {{ {param} }} }}'
    assert inputs(tmp_path, text) == shapes


def test_other_counts_and_none_are_refused_with_the_line(tmp_path: Path) -> None:
    three = f'layer {{ name: "d" type: "Input" top: "a" top: "b" input_param {{ {SHAPE * 3} }} }}'
    with pytest.raises(ConversionError, match=r"net.prototxt:1.*3 shapes, where each blob has one"):
        inputs(tmp_path, three)
    with pytest.raises(ConversionError, match="its size is not given"):
        inputs(tmp_path, 'input: "data"')


def test_constants_of_several_blobs_have_their_fillers_and_sizes_each(tmp_path: Path) -> None:
    text = (
        'layer { name: "c" type: "DummyData" top: "a" top: "b" dummy_data_param { num: 1 channels: 2 channels: 3 '
        "height: 1 width: 1 data_filler { value: 2 } data_filler { value: 5 } } }"
    )
    path = tmp_path / "net.prototxt"
    path.write_text(text)
    net = reader.read(path)
    assert [(node.name, net.shapes[node.top], node.layer.value) for node in net.nodes] == [  # type: ignore[attr-defined]
        ("a", (1, 2, 1, 1), 2.0),
        ("b", (1, 3, 1, 1), 5.0),
    ]


def test_a_blob_called_like_another_layer_keeps_its_own_name() -> None:
    text = f'layer {{ name: "data" type: "Input" top: "y" top: "b" input_param {{ {SHAPE} }} }} {SUM}'
    message = text_format.Parse(text, caffe_pb2.NetParameter())
    lines = one_layer_for_each_input(message, [1, 2])
    assert [layer.name for layer in message.layer] == ["data_y", "b", "y"]
    assert lines == [1, 1, 2]


def test_old_inputs_come_first_wherever_they_stand() -> None:
    text = f'{SUM} input: "a" input: "b" input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4'
    message = text_format.Parse(text, caffe_pb2.NetParameter())
    assert one_layer_for_each_input(message, [1], [3]) == [None, None, 1]
    assert [list(shape.dim) for layer in message.layer for shape in layer.input_param.shape] == [[1, 2, 3, 4]]
    assert not message.input
    assert one_layer_for_each_input(text_format.Parse(text, caffe_pb2.NetParameter()), [1], [2, 3]) == [2, 3, 1]
    assert not message.input_dim
