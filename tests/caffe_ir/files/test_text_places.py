from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.files.net_text import read_message
from caffe_ir.files.text_places import (
    end_of_field,
    layer_at,
    layer_lines,
    layers_in,
    lines_of_inputs,
    lines_of_layers,
)

RELU = 'layer {\n  name: "relu"\n  type: "ReLU"\n  bottom: "data"\n  top: "relu"\n}\n'


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "net.prototxt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_layers_have_the_lines_on_which_they_begin(tmp_path: Path) -> None:
    message, lines = read_message(written(tmp_path, f'# layer {{\nname: "net"\n{RELU}\n{RELU}'))
    assert [layer.name for layer in message.layer] == ["relu", "relu"]
    assert layer_lines(message, lines) == [3, 10]


def test_layers_on_one_line_have_it_both(tmp_path: Path) -> None:
    one_line = RELU.replace("\n", " ")
    message, lines = read_message(written(tmp_path, f"{one_line} {one_line}"))
    assert layer_lines(message, lines) == [1, 1]


def test_layers_whose_lines_cannot_be_counted_have_none(tmp_path: Path) -> None:
    message, lines = read_message(written(tmp_path, f'layer < name: "a" type: "ReLU" top: "a" >\n{RELU}'))
    assert layer_lines(message, lines) == [None, None]


def test_lines_of_inputs_are_those_of_the_net_alone() -> None:
    text = 'name: "net" # input: "no"\ninput: "a" input: \'b\'\nlayer { name: "x"\n  input: "c" }\n input:"d"'
    assert lines_of_inputs(text) == [2, 2, 5]


def test_braces_in_names_and_comments_close_nothing() -> None:
    text = 'name: "n"\nlayer {\n  name: "}" # }\n} layer { name: \'{\' }\nlayers: {\n  a { } # {\n'
    layers = ['layer {\n  name: "}" # }\n}', "layer { name: '{' }", "layers: {\n  a { } # {\n"]
    assert [text[slice(*span)] for span in layers_in(text)] == layers
    assert lines_of_layers(text) == [2, 4, 5]
    places = [0, text.index("#"), text.index("'{'"), len(text)]
    assert [layer_at(text, place) for place in places] == [None, *layers_in(text)]


@pytest.mark.parametrize("field", ["a: 1", 'a: "b } c"', "a: [1, 2]", "a { b: 1 c { d: '}' } }", "a: { } "])
def test_the_end_of_a_field(field: str) -> None:
    text = f"layer {{ {field.strip()} z: 1 }}"
    assert text[: end_of_field(text, 8)] == f"layer {{ {field.strip()}"
