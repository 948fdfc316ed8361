from __future__ import annotations

from caffe_ir.files.prototxt import prototxt
from converters.verify.engine import cut_out, place_of, stopping_layer
from tests.converters.verify.engine_nets import files_of, ordinary, sliced


def test_a_blob_is_known_by_its_layer_and_its_place() -> None:
    assert place_of(sliced(), "second") == ("parts", 1)


def test_layers_can_be_cut_out_with_what_they_read_as_inputs() -> None:
    net = ordinary()
    part = cut_out(net, [net.node("scale"), net.node("relu")])
    assert [(node.name, node.layer.type_name(), node.in_place) for node in part.nodes] == [
        ("bn", "Input", False),
        ("scale", "Scale", False),
        ("relu", "ReLU", True),
    ]
    assert part.outputs == ["relu"]
    assert "dim: 11" in prototxt(part)


def test_the_first_layer_that_stops_an_engine_is_found(tmp_path) -> None:
    files = files_of(tmp_path, ordinary())
    told = stopping_layer(files, lambda part: "relu" not in part.prototxt.read_text())
    assert told.startswith("relu (ReLU(negative_slope=0.1), ")
    assert f"{files.prototxt}:" in told
    assert stopping_layer(files, lambda part: False) == ""
