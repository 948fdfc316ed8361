"""What a net runs on when Caffe has copied a caffemodel into it: rules measured in a build of BVLC Caffe 1.0."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files import reader
from caffe_ir.net import Net
from caffe_ir.proto import caffe_pb2

INPUT = 'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 2 } } }\n'


def fc(name: str, *params: str, bias: bool = False) -> str:
    """A fully connected layer of two outputs behind the input."""
    named = " ".join(f'param {{ name: "{param}" }}' if param else "param { }" for param in params)
    term = "" if bias else "bias_term: false"
    return (
        f'layer {{ name: "{name}" type: "InnerProduct" bottom: "data" top: "{name}" {named} '
        f"inner_product_param {{ num_output: 2 {term} }} }}\n"
    )


def read(folder: Path, text: str, *layers: tuple[str, float]) -> Net:
    """The net of a text, with a caffemodel of layers by name, each of which is full of one number."""
    (folder / "net.prototxt").write_text(INPUT + text)
    message = caffe_pb2.NetParameter()
    for name, number in layers:
        layer = message.layer.add(name=name)
        layer.blobs.add(data=[number] * 4).shape.dim.extend((2, 2))
    (folder / "net.caffemodel").write_bytes(message.SerializeToString())
    return reader.read(folder / "net.prototxt", folder / "net.caffemodel")


def numbers(net: Net) -> list[float]:
    """The number that each layer is full of."""
    held = [np.unique(node.blobs[0].load()) for node in net.nodes if node.blobs]
    return [float(each.item()) for each in held]


def test_of_a_layer_that_stands_twice_the_last_one_counts(tmp_path: Path) -> None:
    assert numbers(read(tmp_path, fc("a"), ("a", 1), ("other", 5), ("a", 2))) == [2]


def test_layers_that_share_weights_have_those_written_last(tmp_path: Path) -> None:
    shared = fc("a", "w") + fc("b", "w") + fc("c")
    assert numbers(read(tmp_path, shared, ("a", 1), ("b", 2), ("c", 3))) == [2, 2, 3]
    assert numbers(read(tmp_path, shared, ("b", 2), ("c", 3), ("a", 1))) == [1, 1, 3]


def test_one_of_those_that_share_may_be_missing(tmp_path: Path) -> None:
    assert numbers(read(tmp_path, fc("a", "w") + fc("b", "w"), ("b", 2))) == [2, 2]
    with pytest.raises(ConversionError, match="no weights for c"):
        read(tmp_path, fc("a", "w") + fc("c"), ("a", 2))


def test_a_layer_that_is_there_has_all_its_weights(tmp_path: Path) -> None:
    """Also those that another layer would give it: the numbers of blobs must be equal."""
    with pytest.raises(ConversionError, match="b takes weights 2x2, 2; the caffemodel has 2x2"):
        read(tmp_path, fc("a", "w") + fc("b", "w", bias=True), ("a", 1), ("b", 1))


def test_of_two_layers_of_one_name_only_one_gets_weights(tmp_path: Path) -> None:
    second = fc("a").replace('top: "a"', 'top: "b"')
    with pytest.raises(ConversionError, match="a second layer is called a"):
        read(tmp_path, fc("a") + second, ("a", 1))
    (tmp_path / "two.prototxt").write_text(INPUT + fc("a") + second)
    assert len(reader.read(tmp_path / "two.prototxt").nodes) == 3
