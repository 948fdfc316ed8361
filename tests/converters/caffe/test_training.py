from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.layers import Softmax
from converters.caffe import convert
from tests.converters.caffe.files import CONV, INPUT, TRAIN_VAL, prototxt


def test_what_is_for_training_is_left_out_and_said(tmp_path: Path) -> None:
    net = convert(prototxt(tmp_path, TRAIN_VAL), input=["data=1x3x12x12"])
    assert [node.name for node in net.nodes] == ["data", "conv", "relu", "pool", "drop", "fc", "last"]
    dropped = {note.text for note in net.notes if note.kind == "dropped"}
    assert dropped == {
        "data (Data) is left out: its rules leave it out at phase TEST",
        "accuracy (Accuracy) is left out: it is for training alone",
        "loss (SoftmaxWithLoss) is left out: it is for training alone",
    }
    assert [note.text for note in net.notes if note.kind == "assumed"] == ["Data -> Input of 1x3x12x12"]


def test_a_loss_of_a_fork_is_left_out_with_its_parameters(tmp_path: Path) -> None:
    loss = (
        'layer { name: "center" type: "CenterLoss" bottom: "conv" bottom: "label" top: "c" loss_weight: 0.008\n'
        ' center_loss_param { num_output: 10 center_filler { type: "xavier" } } }\n'
    )
    net = convert(prototxt(tmp_path, INPUT + CONV + loss))
    assert [node.name for node in net.nodes] == ["data", "conv"]
    assert "center (CenterLoss) is left out: it is for training alone" in {note.text for note in net.notes}


FORK = """
layer { name: "data" type: "%s" top: "data" top: "label" top: "data_dim" %s }
"""


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("DenseImageData", 'dense_image_data_param { source: "list.txt" batch_size: 4 }'),
        ("ImageSegData", 'image_data_param { root_folder: "voc/" label_type: NONE } transform_param { crop_size: 12 }'),
        ("Python", 'python_param { module: "voc_layers" layer: "VOCSegDataLayer" }'),
    ],
)
def test_sources_of_data_of_forks_become_inputs(kind: str, said: str, tmp_path: Path) -> None:
    """SegNet, DeepLab, FCN."""
    silence = 'layer { name: "silence" type: "Silence" bottom: "label" bottom: "data_dim" }\n'
    net = convert(prototxt(tmp_path, FORK % (kind, said) + CONV + silence), input=["1x3x12x12"])
    assert [node.name for node in net.nodes] == ["data", "conv"]
    texts = [note.text for note in net.notes]
    assert f"{kind} -> Input of 1x3x12x12" in texts
    assert "silence (Silence) is left out: it reads data_dim, label" in texts


def test_every_top_of_a_forks_source_is_an_input_where_something_is_made_of_it(tmp_path: Path) -> None:
    python = 'layer { name: "rgbd" type: "Python" top: "data" top: "depth" top: "label" }\n'
    relu = 'layer { name: "relu" type: "ReLU" bottom: "depth" top: "relu" }\n'
    net = convert(prototxt(tmp_path, python + CONV + relu), input=["data=1x3x12x12", "depth=1x1x12x12"])
    assert net.shapes["relu"] == (1, 1, 12, 12)
    with pytest.raises(ConversionError) as caught:
        convert(prototxt(tmp_path, python + CONV + relu), input=["data=1x3x12x12"])
    assert [problem.what for problem in caught.value.problems] == ["depth has no size in the file"]


def test_a_layer_that_is_not_known_and_writes_no_blob_is_left_out(tmp_path: Path) -> None:
    """DeepLab writes its scores into files."""
    mat = 'layer { name: "mat" type: "MatWrite" bottom: "conv" mat_write_param { prefix: "out/" strip: 0 } }\n'
    net = convert(prototxt(tmp_path, INPUT + CONV + mat))
    assert net.outputs == ["conv"]
    assert "mat (MatWrite) is left out: it writes no blob" in {note.text for note in net.notes}


def test_an_input_without_a_size_is_asked_for_with_the_crop_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(prototxt(tmp_path, TRAIN_VAL))
    (problem,) = caught.value.problems
    assert problem.what == "data has no size in the file"
    assert problem.hint == "give it: --input data=1x3x12x12"
    assert problem.origin is not None
    assert problem.origin.line == 4


def test_the_softmax_of_a_loss_that_gives_it_stays(tmp_path: Path) -> None:
    loss = (
        'layer { name: "l" type: "Input" top: "l" input_param { shape { dim: 1 dim: 1 dim: 12 dim: 12 } } }\n'
        'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "conv" bottom: "l" top: "loss" top: "prob" }\n'
    )
    net = convert(prototxt(tmp_path, INPUT + CONV + loss))
    assert isinstance(net.producer("prob").layer, Softmax)
    assert "loss" not in net.shapes


def test_what_reads_a_label_is_left_out_and_what_reads_that(tmp_path: Path) -> None:
    labels = (
        'layer { name: "flat" type: "Flatten" bottom: "label" top: "flat" }\n'
        'layer { name: "power" type: "Power" bottom: "flat" top: "power" }\n'
        'layer { name: "silence" type: "Silence" bottom: "power" }\n'
    )
    net = convert(prototxt(tmp_path, TRAIN_VAL + labels), input=["1x3x12x12"])
    assert net.outputs == ["last"]
    assert sum("which training alone has" in note.text for note in net.notes) == 2


def test_memory_data_says_its_size_and_hdf5_data_has_several_inputs(tmp_path: Path) -> None:
    memory = (
        'layer { name: "m" type: "MemoryData" top: "data" top: "label" '
        "memory_data_param { batch_size: 2 channels: 3 height: 8 width: 9 } }\n" + CONV
    )
    assert convert(prototxt(tmp_path, memory)).shapes["data"] == (2, 3, 8, 9)
    hdf5 = 'layer { name: "h" type: "HDF5Data" top: "data" top: "other" top: "label" }\n' + CONV
    hdf5 += 'layer { name: "relu" type: "ReLU" bottom: "other" top: "relu" }\n'
    net = convert(prototxt(tmp_path, hdf5), input=["data=1x3x8x8", "other=1x7"])
    assert net.shapes["relu"] == (1, 7)
    with pytest.raises(ConversionError) as caught:
        convert(prototxt(tmp_path, hdf5), input=["data=1x3x8x8"])
    assert [problem.what for problem in caught.value.problems] == ["other has no size in the file"]


@pytest.mark.parametrize(
    ("text", "shapes", "told"),
    [
        (INPUT + CONV, ["dada=1x3x8x8"], "--input dada: no input is called so\n    -> did you mean data?"),
        (INPUT + CONV + 'layer { name: "b" type: "Input" top: "b" }', ["1x3x8x8"], "the net has 2 inputs: data, b"),
        (INPUT + CONV + 'layer { name: "b" type: "Input" top: "b" }', [], "b has no size in the file"),
        ('input: "data"\n' + CONV, [], "data has no size in the file"),
        (CONV, ["1x3x8x8"], "the file has no inputs\n    -> name the one that is meant: --input NAME=1x3x8x8"),
        (CONV, ["dat=1x3x8x8"], "--input dat: no input is called so\n    -> the file has no inputs"),
        (CONV, [], 'if the net is fed with it, that stands in front: layer { name: "data" type: "Input" top: "data"'),
    ],
)
def test_inputs_that_do_not_fit(tmp_path: Path, text: str, shapes: list[str], told: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(prototxt(tmp_path, text), input=shapes)
    assert told in str(caught.value)


def test_a_blob_that_the_file_only_reads_is_an_input_where_the_user_says_so(tmp_path: Path) -> None:
    net = convert(prototxt(tmp_path, CONV), input=["data=1x3x8x8"])
    assert [node.name for node in net.nodes] == ["data", "conv"]
    assert net.shapes["data"] == (1, 3, 8, 8)
    assert [note.text for note in net.notes] == ["an input of 1x3x8x8: no layer of the file writes it"]
    assert net.node("conv").origin.line == 1


def test_old_heads_and_other_sizes(tmp_path: Path) -> None:
    old = 'input: "data" input_dim: 1 input_dim: 3 input_dim: 9 input_dim: 9\n' + CONV
    assert convert(prototxt(tmp_path, old)).shapes["conv"] == (1, 4, 9, 9)
    assert convert(prototxt(tmp_path, old), input=["data=2x3x5x6"]).shapes["conv"] == (2, 4, 5, 6)
    two = (
        'layer { name: "in" type: "Input" top: "data" top: "b" '
        "input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }\n" + CONV
    )
    net = convert(prototxt(tmp_path, two), input=["b=1x2"])
    assert (net.shapes["data"], net.shapes["b"]) == ((1, 3, 8, 8), (1, 2))
