"""What `check` says of a caffemodel; that engines do so is tested with the hand-made nets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.proto import caffe_pb2
from caffe_ir.targets import TARGETS
from converters.caffe import Shortfall, check_file

NET = """
    input: "data" input_shape { dim: 1 dim: 4 dim: 8 dim: 8 }
    layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 4 kernel_size: 3 } }
    layer { name: "b" type: "BatchNorm" bottom: "c" top: "b" }
    layer { name: "p" type: "Pooling" bottom: "b" top: "p" pooling_param { kernel_size: 2 stride: 2 } }"""


def weights() -> caffe_pb2.NetParameter:
    found = caffe_pb2.NetParameter()
    for name, kind, shapes in (
        ("c", "Convolution", [(4, 4, 3, 3), (4,)]),
        ("b", "BatchNorm", [(4,), (4,), (1,)]),
        ("from another net", "Convolution", [(7,)]),
    ):
        layer = found.layer.add(name=name, type=kind)
        for shape in shapes:
            layer.blobs.add(data=[1.0] * int(np.prod(shape))).shape.dim[:] = shape
    return found


def checked(folder: Path, target: str, spoil: Callable[[caffe_pb2.NetParameter], object]) -> list[Shortfall]:
    prototxt, caffemodel = folder / "net.prototxt", folder / "net.caffemodel"
    prototxt.write_text(NET)
    message = weights()
    spoil(message)
    caffemodel.write_bytes(message.SerializeToString())
    return check_file(prototxt, [TARGETS[target]], caffemodel)[target]


@pytest.mark.parametrize("target", ["caffe", "mnn", "x2paddle", "tensorrt", "ascend"])
def test_weights_as_caffe_writes_them_have_no_shortfall(target: str, tmp_path: Path) -> None:
    assert [one for one in checked(tmp_path, target, lambda _: None) if "weights" in one.verdict.why] == []


def test_what_does_not_fit_is_said_with_its_line_and_both_shapes(tmp_path: Path) -> None:
    def spoil(message: caffe_pb2.NetParameter) -> None:
        message.layer[0].blobs[0].shape.dim[:] = [4, 36]
        del message.layer[1].blobs[2]

    found = checked(tmp_path, "caffe", spoil)
    assert [(one.layer, one.origin.line, one.verdict.effect) for one in found] == [
        ("c", 3, "refused"),
        ("b", 4, "refused"),
    ]
    assert found[0].verdict.why == (
        "a blob of other axes than the layer's: it takes 4x4x3x3, 4, and the file has 4x36, 4"
    )
    assert not found[0].rewrite
    assert "takes weights" in found[0].hindrance


def test_a_layer_without_weights_runs_on_its_fillers_in_caffe(tmp_path: Path) -> None:
    def spoil(message: caffe_pb2.NetParameter) -> None:
        del message.layer[0]

    (found,) = checked(tmp_path, "caffe", spoil)
    assert (found.layer, found.verdict.effect) == ("c", "wrong")
    assert found.verdict.why == "the file has no weights for the layer: it takes 4x4x3x3, 4"


def test_what_caffe_reads_and_another_does_not_is_written_anew(tmp_path: Path) -> None:
    def spoil(message: caffe_pb2.NetParameter) -> None:
        for blob in message.layer[0].blobs:
            blob.double_data.extend(blob.data)
            blob.ClearField("data")

    assert checked(tmp_path, "caffe", spoil) == []
    (found,) = checked(tmp_path, "opencv", spoil)
    assert found.rewrite == "its weights are written anew, as Caffe writes them"


def test_the_old_form_of_the_whole_file(tmp_path: Path) -> None:
    def spoil(message: caffe_pb2.NetParameter) -> None:
        for layer in message.layer:
            message.layers.add(name=layer.name, blobs=layer.blobs)
        del message.layer[:]

    assert checked(tmp_path, "opencv", spoil) == []
    (found,) = checked(tmp_path, "mnn", spoil)
    assert found.origin.file == str(tmp_path / "net.caffemodel")
    assert found.verdict.why == "MNN does not read weights in the old form, `layers`"


def test_shared_weights_stand_with_their_owner_alone(tmp_path: Path) -> None:
    prototxt, caffemodel = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    layer = (
        'layer {{ name: "{0}" type: "Convolution" bottom: "data" top: "{0}" param {{ name: "w" }} '
        "convolution_param {{ num_output: 4 kernel_size: 3 bias_term: false }} }}\n"
    )
    head = 'input: "data" input_shape { dim: 1 dim: 4 dim: 8 dim: 8 }\n'
    prototxt.write_text(head + layer.format("c") + layer.format("d"))
    message = caffe_pb2.NetParameter()
    message.layer.add(name="c", type="Convolution").blobs.add(data=[1.0] * 144).shape.dim[:] = [4, 4, 3, 3]
    caffemodel.write_bytes(message.SerializeToString())
    assert check_file(prototxt, [TARGETS["caffe"]], caffemodel) == {"caffe": []}


def test_hdf5_is_for_caffe_and_read_as_nothing_in_silence_by_rknn2(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    prototxt, caffemodel = tmp_path / "net.prototxt", tmp_path / "net.caffemodel.h5"
    prototxt.write_text(NET)
    with h5py.File(caffemodel, "w") as file:
        for layer in weights().layer:
            for place, blob in enumerate(layer.blobs):
                file[f"data/{layer.name}/{place}"] = np.ones(tuple(blob.shape.dim), np.float32)
    targets = [TARGETS[name] for name in ("caffe", "mnn", "rknn2")]
    found = check_file(prototxt, targets, caffemodel)
    of_weights = {
        name: [one.verdict.effect for one in each if "HDF5" in one.verdict.why] for name, each in found.items()
    }
    assert of_weights == {"caffe": [], "mnn": ["refused"], "rknn2": ["wrong"]}
