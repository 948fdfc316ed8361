"""What a reader gets at the outputs, as OpenCV reads the same files, and what is said where it is not the source's."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.files.writer import write
from caffe_ir.layers import ReLU, Reshape, Sigmoid, Slice
from caffe_ir.targets import CAFFE
from converters.verify import Comparison, caffe_files, source_of, verify
from converters.verify.outputs import last_states, output_faults, outputs_of, promised
from tests.caffe_ir.build import add, net_of
from tests.converters.verify.engine_nets import INPUT, files_of, ordinary
from tests.converters.verify.planting import converted

TWO_HEADS = """[net]
height=12
width=12
channels=3
[convolutional]
filters=6
size=3
pad=1
activation=leaky
[convolutional]
filters=21
size=1
activation=linear
[yolo]
mask=0,1,2
anchors=1,2, 3,4, 5,6
classes=2
num=3
[route]
layers=-3
[convolutional]
filters=14
size=1
activation=linear
[yolo]
mask=0,1
anchors=1,2, 3,4
classes=2
num=2
"""

BEHIND = {
    "a power of nothing, in place": (
        'layer { name: "extra" type: "Power" bottom: "conv_4" top: "conv_4" power_param { scale: 0 } }',
        "extra", "this Power does not belong here: with it the output conv_4 is off by 1 of",
    ),
    "a relu in place": (
        'layer { name: "extra" type: "ReLU" bottom: "conv_4" top: "conv_4" }',
        "extra", "this ReLU does not belong here: with it the output conv_4 is off by",
    ),
    "two in place, of which each changes a little": (
        'layer { name: "one" type: "ReLU" bottom: "conv_1" top: "conv_1" relu_param { negative_slope: 0.999 } }\\n'
        'layer { name: "two" type: "Power" bottom: "conv_1" top: "conv_1" power_param { shift: 1e-4 } }',
        "one", "this ReLU does not belong here: with it the output conv_1 is off by",
    ),
    "Silence": (
        'layer { name: "hush" type: "Silence" bottom: "conv_4" }',
        "hush", "this Silence reads conv_4, so it is no longer an output: Caffe does not give it back",
    ),
    "a layer behind an output": (
        'layer { name: "extra" type: "ReLU" bottom: "conv_1" top: "other" }',
        "extra", "this ReLU reads conv_1, so it is no longer an output: Caffe gives other instead",
    ),
    "a view behind an output": (
        'layer { name: "flat" type: "Flatten" bottom: "conv_1" top: "flat" }',
        "flat", "this Flatten reads conv_1, so it is no longer an output: Caffe gives flat instead",
    ),
    "an output too many": (
        'layer { name: "extra" type: "ReLU" bottom: "conv_0" top: "other" }',
        "extra", "other, which no layer reads, is an output that the source does not have",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    return converted(tmp_path_factory.mktemp("heads"), TWO_HEADS)


def edited(folder: Path, net, edit) -> Comparison:
    """The verdict on the converter's own files with an edited prototxt."""
    write(net.made, folder / "net", CAFFE)
    path = folder / "net.prototxt"
    before = path.read_text()
    path.write_text(edit(before))
    assert path.read_text() != before
    return verify(net.source, caffe_files(path, folder / "net.caffemodel"))


def opencv(folder: Path) -> dict[str, np.ndarray]:
    """What OpenCV gives back as the outputs of the files."""
    net = cv2.dnn.readNetFromCaffe(str(folder / "net.prototxt"), str(folder / "net.caffemodel"))
    net.setInput(np.random.default_rng(0).standard_normal((1, 3, 12, 12)).astype(np.float32))
    names = net.getUnconnectedOutLayersNames()
    return dict(zip(names, net.forward(names), strict=True))


def test_the_outputs_of_files_are_those_that_opencv_lists(tmp_path, heads) -> None:
    for number, net in enumerate((heads.made, ordinary())):
        folder = tmp_path / str(number)
        folder.mkdir()
        files = files_of(folder, net)
        opened = cv2.dnn.readNetFromCaffe(str(files.prototxt), str(files.caffemodel))
        layers = [files.net.producer(output.blob).name for output in outputs_of(files.net).values()]
        assert layers == list(opened.getUnconnectedOutLayersNames())


def test_what_works_in_place_at_the_end_is_what_a_reader_gets(tmp_path) -> None:
    net = ordinary()
    add(net, "half", Sigmoid(), in_place=True)
    files = files_of(tmp_path, net)
    assert [(name, output.blob) for name, output in outputs_of(files.net).items()] == [("prob", "half")]
    assert last_states(files.net)["conv"] == "relu"
    assert list(promised(net)) == ["prob"]
    opened = cv2.dnn.readNetFromCaffe(str(files.prototxt), str(files.caffemodel))
    opened.setInput(INPUT)
    assert np.abs(opened.forward()).min() > 0.4  # a logistic of what a softmax gives


def test_a_right_net_has_nothing_to_say(heads) -> None:
    assert list(output_faults(heads.made, heads.made)) == []


@pytest.mark.parametrize("what", BEHIND)
def test_what_stands_behind_an_output_is_named(what, tmp_path, heads) -> None:
    layer, named, said = BEHIND[what]
    found = edited(tmp_path, heads, lambda text: text + layer.replace("\\n", "\n") + "\n")
    assert found.verdict == "differs"
    fault = found.faults[0]
    assert fault.layer == named
    assert fault.text.startswith(said), fault.text
    lines = Path(fault.written.rpartition(":")[0]).read_text().splitlines()
    assert f'name: "{named}"' in lines[int(fault.written.rpartition(":")[2]) - 1]


def test_the_power_that_is_named_is_what_opencv_computes(tmp_path, heads) -> None:
    write(heads.made, tmp_path / "net", CAFFE)
    right = opencv(tmp_path)
    edited(tmp_path, heads, lambda text: text + BEHIND["a power of nothing, in place"][0])
    wrong = opencv(tmp_path)
    assert not wrong["extra"].any()
    assert right["conv_4"].any()


def test_an_output_of_another_name_is_missed(tmp_path, heads) -> None:
    found = edited(tmp_path, heads, lambda text: text.replace('top: "conv_4"', 'top: "boxes"'))
    assert found.verdict == "differs"
    assert [(fault.layer, fault.text) for fault in found.faults] == [
        ("conv_4", "the output conv_4 is missing: this layer writes boxes instead")
    ]


def test_outputs_in_another_order_are_named(tmp_path, heads) -> None:
    def swapped(text: str) -> str:
        *head, first, second = text.split("layer {")
        return "layer {".join([*head, second, first])

    found = edited(tmp_path, heads, swapped)
    assert found.verdict == "differs"
    assert found.faults[0].text == "the outputs come in the order conv_4, conv_1 where conv_1, conv_4 belongs"


def test_an_output_of_another_shape_is_named() -> None:
    nets = [net_of((2, 3)), net_of((2, 3))]
    for net, shape in zip(nets, [(2, 3, 1, 1), (2, 3, 1)], strict=True):
        add(net, "view", Reshape(shape=shape))
    (fault,) = output_faults(*nets)
    assert str(fault) == "view: the output view is 2x3x1 where 2x3x1x1 belongs (tiny.cfg:1)"


def test_what_the_converter_itself_leaves_over_is_a_fault(tmp_path) -> None:
    net = net_of((1, 4))
    add(net, "parts", Slice(axis=1, slice_point=(1,)), tops=("kept", "rest"))
    found = verify(source_of("a slice", net, net), files_of(tmp_path, net))
    assert found.verdict == "differs"
    assert [fault.text for fault in found.faults] == [
        "rest, which no layer reads, is an output that the source does not have"
    ]


def test_an_output_that_the_converter_lets_others_read_is_a_warning(tmp_path) -> None:
    """As for ncnn, which gives every blob by its name."""
    net = net_of((1, 4))
    add(net, "first", ReLU())
    add(net, "second", Sigmoid())
    net.outputs = ["first", "second"]
    found = verify(source_of("a chain", net, net), files_of(tmp_path, net))
    assert found.verdict == "agrees"
    assert [warning.text for warning in found.warnings] == [
        "second reads the output first too, so Caffe does not list it: a program asks for it by name"
    ]
    without = net_of((1, 4))
    add(without, "second", Sigmoid())
    (fault, *_) = output_faults(net, without)
    assert fault.text == "the output first is missing: no layer of the file writes a blob of that name"


def test_an_in_place_layer_that_changes_nothing_is_no_fault(tmp_path) -> None:
    net = net_of((1, 4))
    add(net, "prob", Sigmoid())
    source = source_of("a sigmoid", net, net)
    longer = dataclasses.replace(net, nodes=list(net.nodes), outputs=[])
    longer.append(replace(add(net_of((1, 4)), "extra", ReLU(), bottoms=["data"], in_place=True), bottoms=("prob",)))
    assert verify(source, files_of(tmp_path, longer)).verdict == "agrees"
