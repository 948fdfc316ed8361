from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.caffemodel_forms import read_forms
from caffe_ir.proto import caffe_pb2


def _file(folder: Path, weights: caffe_pb2.NetParameter) -> Path:
    path = folder / "net.caffemodel"
    path.write_bytes(weights.SerializeToString())
    return path


def _varint(number: int) -> bytes:
    return bytes([number & 0x7F | 0x80, number >> 7]) if number > 0x7F else bytes([number])


def test_each_blob_is_as_the_file_has_it(tmp_path: Path) -> None:
    weights = caffe_pb2.NetParameter()
    layer = weights.layer.add(name="c", type="Convolution")
    layer.blobs.add(data=[1.0, 2.0, 3.0]).shape.dim[:] = [3]
    layer.blobs.add(double_data=[1.0, 2.0]).shape.dim[:] = [2]
    layer.blobs.add(data=[7.0, 8.0], num=1, channels=1, height=1, width=2)
    layer.blobs.add(data=[0.25])
    layer.blobs.add(data=[1.0, 2.0]).shape.dim[:] = [5, 5]  # fits in no way
    layer.blobs.add().shape.SetInParent()
    found = read_forms(_file(tmp_path, weights)).layers["c"]
    assert found.type_name == "Convolution"
    assert [(blob.shape, blob.count, blob.numbers, blob.legacy, blob.alone) for blob in found.blobs] == [
        ((3,), 3, "float", False, None),
        ((2,), 2, "double", False, None),
        ((1, 1, 1, 2), 2, "float", True, None),
        (None, 1, "float", False, 0.25),
        ((5, 5), 2, "float", False, None),
        ((), 0, "float", False, None),
    ]


def test_half_precision_as_opencv_writes_it(tmp_path: Path) -> None:
    """raw_data_type = 10 (FLOAT16 = 2), raw_data = 12 in OpenCV's opencv-caffe.proto."""
    weights = caffe_pb2.NetParameter()
    blob = weights.layer.add(name="c", type="Convolution").blobs.add()
    blob.shape.dim[:] = [100]
    numbers = np.zeros(100, np.float16).tobytes()
    blob.MergeFromString(bytes([10 << 3, 2, 12 << 3 | 2]) + _varint(len(numbers)) + numbers)
    (found,) = read_forms(_file(tmp_path, weights)).layers["c"].blobs
    assert (found.shape, found.count, found.numbers) == ((100,), 100, "half")


def test_the_old_form_and_a_layer_that_stands_twice(tmp_path: Path) -> None:
    weights = caffe_pb2.NetParameter()
    for value in (1.0, 2.0):
        weights.layers.add(name="c").blobs.add(data=[value]).shape.dim[:] = [1]
    file = read_forms(_file(tmp_path, weights))
    found = file.layers["c"]
    assert (file.old, file.hdf5, found.times, found.type_name) == (True, False, 2, None)
    assert found.blobs[0].alone == 2.0  # the last one, as in Caffe


def test_weights_in_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "net.caffemodel.h5"
    with h5py.File(path, "w") as file:
        file["data/c/0"] = np.zeros((4, 3), np.float32)
    found = read_forms(path)
    assert found.hdf5
    assert [blob.shape for blob in found.layers["c"].blobs] == [(4, 3)]


@pytest.mark.parametrize("content", [b"", b"name: 'a prototxt'", b"\xa2\x06\xff\x01cut"])
def test_what_is_no_caffemodel_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    path.write_bytes(content)
    with pytest.raises(ConversionError, match="not a caffemodel"):
        read_forms(path)
