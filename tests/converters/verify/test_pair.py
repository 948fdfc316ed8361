"""What a caffemodel and a prototxt say beyond the net, and what Caffe makes of it (measured in BVLC Caffe 1.0)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.net import Net
from caffe_ir.proto import caffe_pb2
from converters.verify import Comparison, caffe_files, source_of, verify
from tests.converters.verify.engine_nets import INPUT, files_of, ordinary

Change = Callable[[caffe_pb2.NetParameter], None]


def verdict(folder: Path, *, caffemodel: Change = lambda stored: None, text: str = "", at: str = "") -> Comparison:
    """The converter's own files with a changed caffemodel, or with text behind a place in the prototxt."""
    net = ordinary()
    files_of(folder, net)
    stored = caffe_pb2.NetParameter.FromString((folder / "net.caffemodel").read_bytes())
    caffemodel(stored)
    (folder / "net.caffemodel").write_bytes(stored.SerializeToString())
    path = folder / "net.prototxt"
    assert at in path.read_text()
    path.write_text(path.read_text().replace(at, at + text, 1) if at else text + path.read_text())
    return compared(folder, net)


def compared(folder: Path, net: Net) -> Comparison:
    return verify(source_of("a net", net, net), caffe_files(folder / "net.prototxt", folder / "net.caffemodel"))


def convolution(stored: caffe_pb2.NetParameter) -> caffe_pb2.LayerParameter:
    return next(layer for layer in stored.layer if layer.name == "conv")


def twice(*, wrong_first: bool, wrong_last: bool) -> Change:
    """The convolution a second time, with other weights in one of the two."""

    def change(stored: caffe_pb2.NetParameter) -> None:
        first = convolution(stored)
        last = stored.layer.add()
        last.CopyFrom(first)
        for layer, wrong in ((first, wrong_first), (last, wrong_last)):
            if wrong:
                layer.blobs[0].data[7] += 1e-3

    return change


def said(found: Comparison) -> list[str]:
    return [str(warning) for warning in found.warnings]


def test_a_layer_twice_is_a_warning_where_the_last_one_is_right(tmp_path) -> None:
    found = verdict(tmp_path, caffemodel=twice(wrong_first=True, wrong_last=False))
    assert found.verdict == "agrees"
    assert [warning.layer for warning in found.warnings] == ["conv"]
    assert found.warnings[0].text == "it stands 2 times in the caffemodel: Caffe takes the last, OpenCV the first"
    opened = cv2.dnn.readNetFromCaffe(str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel"))
    opened.setInput(INPUT)
    theirs = opened.forward("conv")
    (tmp_path / "right").mkdir()
    files = files_of(tmp_path / "right", ordinary())
    right = cv2.dnn.readNetFromCaffe(str(files.prototxt), str(files.caffemodel))
    right.setInput(INPUT)
    assert np.abs(theirs - right.forward("conv")).max() > 1e-4  # what is said of OpenCV


def test_a_layer_twice_is_a_fault_where_the_last_one_is_wrong(tmp_path) -> None:
    found = verdict(tmp_path, caffemodel=twice(wrong_first=False, wrong_last=True))
    assert found.verdict == "differs"
    assert found.faults[0].layer == "conv"
    assert "differ in 1 of 162 numbers" in found.faults[0].text
    assert found.faults[0].text.endswith("it stands 2 times in the caffemodel: Caffe takes the last, OpenCV the first")


def test_a_layer_twice_of_which_one_does_not_fit_stops_caffe(tmp_path) -> None:
    def change(stored: caffe_pb2.NetParameter) -> None:
        layer = convolution(stored)
        stored.layer.add(name=layer.name).blobs.add(data=[1.0]).shape.dim.append(1)
        stored.layer.add().CopyFrom(layer)

    found = verdict(tmp_path, caffemodel=change)
    assert found.verdict == "differs"
    assert "it stands 3 times in the caffemodel" in str(found.faults[0])


def test_weights_that_no_layer_takes_are_a_warning(tmp_path) -> None:
    def change(stored: caffe_pb2.NetParameter) -> None:
        stored.layer.add(name="left_over", type="Convolution").blobs.add(data=[1.0]).shape.dim.append(1)
        stored.layer.add(name="data_split", type="Split")

    found = verdict(tmp_path, caffemodel=change)
    assert found.verdict == "agrees"
    text = "the caffemodel has weights for left_over, which is not a layer of the prototxt: Caffe passes over them"
    assert said(found) == [f"left_over: {text}"]


def test_a_type_that_the_caffemodel_gives_otherwise_is_a_warning(tmp_path) -> None:
    def change(stored: caffe_pb2.NetParameter) -> None:
        convolution(stored).type = "Deconvolution"

    found = verdict(tmp_path, caffemodel=change)
    assert found.verdict == "agrees"
    assert found.warnings[0].layer == "conv"
    assert "calls it Deconvolution, the prototxt Convolution: Caffe goes by the prototxt" in found.warnings[0].text


def shared(text: str, bn: str, scale: str) -> str:
    """The text with param messages in the BatchNorm and in the Scale."""
    for kind, params in (("BatchNorm", bn), ("Scale", scale)):
        text = text.replace(f'type: "{kind}"', f'type: "{kind}" {params}')
    return text


@pytest.mark.parametrize(
    ("bn", "scale", "layers"),
    [
        ('param { name: "v" } param { name: "v" }', "", ["bn"]),
        ('param { name: "m" }', 'param { } param { name: "m" }', ["bn"]),
        ("", 'param { name: "g" } param { name: "g" }', ["scale"]),
    ],
)
def test_weights_that_are_shared_are_a_fault_where_it_changes_them(tmp_path, bn, scale, layers) -> None:
    files = files_of(tmp_path, ordinary())
    files.prototxt.write_text(shared(files.prototxt.read_text(), bn, scale))
    found = compared(tmp_path, ordinary())
    assert found.verdict == "differs"
    assert [(fault.layer, fault.kind) for fault in found.faults] == [(layer, "weights") for layer in layers]
    assert "under the name" in found.faults[0].text


def test_weights_that_are_shared_and_equal_are_a_warning(tmp_path) -> None:
    net = ordinary()
    node = net.node("scale")
    net.update(node, replace(node, blobs=(node.blobs[0], net.node("bn").blobs[0])))
    files = files_of(tmp_path, net)
    text = shared(files.prototxt.read_text(), 'param { name: "m" }', 'param { } param { name: "m" }')
    files.prototxt.write_text(text)
    found = compared(tmp_path, net)
    assert found.verdict == "agrees"
    assert [warning.layer for warning in found.warnings] == ["bn", "scale"]
    assert "it shares weights with scale under the name m" in found.warnings[0].text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("force_backward: true\n", "force_backward: true changes no output; it makes room for gradients"),
        (
            "state { phase: TRAIN }\n",
            "state { phase: TRAIN } counts where a program does not say itself which phase it wants",
        ),
        ("state { phase: TEST }\n", None),
    ],
)
def test_what_the_net_says_of_itself_is_a_warning(tmp_path, text, told) -> None:
    found = verdict(tmp_path, text=text)
    assert found.verdict == "agrees"
    assert [warning.text for warning in found.warnings] == ([told] if told else [])


@pytest.mark.parametrize(
    ("at", "text", "told"),
    [
        (
            "convolution_param {",
            ' weight_filler { type: "xavier" }',
            "its fillers are replaced by the caffemodel's numbers",
        ),
        ('type: "ReLU"', " phase: TRAIN", "phase: TRAIN changes nothing for a ReLU"),
        ('type: "BatchNorm"', " phase: TRAIN", "phase: TRAIN changes nothing for a BatchNorm"),
        (
            'type: "BatchNorm"',
            " blobs { data: 1 shape { dim: 1 } }",
            "the prototxt has weights for it, which those of the caffemodel replace",
        ),
    ],
)
def test_what_a_layer_says_beside_its_meaning_is_a_warning(tmp_path, at, text, told) -> None:
    found = verdict(tmp_path, text=text, at=at)
    assert found.verdict == "agrees"
    assert [warning.text for warning in found.warnings] == [told]


def test_statistics_of_the_batch_in_training_are_a_fault(tmp_path) -> None:
    files = files_of(tmp_path, ordinary())
    text = files.prototxt.read_text().replace("use_global_stats: true", "")
    files.prototxt.write_text(text.replace('type: "BatchNorm"', 'type: "BatchNorm" phase: TRAIN'))
    found = compared(tmp_path, ordinary())
    assert found.verdict == "differs"
    assert found.faults[0].text == "phase: TRAIN makes Caffe run this BatchNorm as in training"


def test_two_layers_of_one_name_are_told(tmp_path) -> None:
    extra = 'layer { name: "relu" type: "Sigmoid" bottom: "prob" top: "prob" }\n'
    files = files_of(tmp_path, ordinary())
    files.prototxt.write_text(files.prototxt.read_text() + extra)
    found = compared(tmp_path, ordinary())
    assert found.verdict == "differs"
    assert "2 layers have this name" in "; ".join(said(found))
