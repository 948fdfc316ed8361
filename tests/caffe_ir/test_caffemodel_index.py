from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffe_ir.caffemodel_index import read_index
from caffe_ir.errors import ConversionError
from caffe_ir.proto import caffe_pb2


def stored(path: Path, message: caffe_pb2.NetParameter) -> Path:
    path.write_bytes(message.SerializeToString())
    return path


def test_blobs_are_views_with_their_shapes(tmp_path: Path) -> None:
    message = caffe_pb2.NetParameter(name="n")
    layer = message.layer.add(name="conv", type="Convolution", bottom=["data"], top=["conv"])
    layer.blobs.add(shape=caffe_pb2.BlobShape(dim=[2, 1, 1, 300]), data=range(600))
    layer.blobs.add(data=[7])
    (conv,) = read_index(stored(tmp_path / "m", message))
    assert (conv.name, conv.type, conv.legacy) == ("conv", "Convolution", False)
    assert [blob.shape for blob in conv.blobs] == [(2, 1, 1, 300), ()]
    assert conv.blobs[0].span is not None
    assert conv.blobs[0].load().reshape(-1).tolist() == list(range(600))
    assert conv.blobs[1].load() == 7


def test_old_files_are_read(tmp_path: Path) -> None:
    message = caffe_pb2.NetParameter()
    layer = message.layers.add(name="ip", type=caffe_pb2.V1LayerParameter.INNER_PRODUCT)
    layer.blobs.add(num=1, channels=1, height=2, width=3, data=range(6))
    (ip,) = read_index(stored(tmp_path / "m", message))
    assert (ip.name, ip.legacy, ip.blobs[0].shape) == ("ip", True, (1, 1, 2, 3))


def test_double_and_unpacked_numbers(tmp_path: Path) -> None:
    message = caffe_pb2.NetParameter()
    message.layer.add(name="d").blobs.add(shape=caffe_pb2.BlobShape(dim=[2]), double_data=[1 / 3, 2])
    path = stored(tmp_path / "m", message)
    floats = b"".join(b"\x2d" + struct.pack("<f", value) for value in (1.5, 2.5))
    blob = floats + b"\x3a\x03\x0a\x01\x02"
    layer = b"\x0a\x01u" + b"\x3a" + bytes([len(blob)]) + blob
    path.write_bytes(path.read_bytes() + b"\xa2\x06" + bytes([len(layer)]) + layer)
    double, unpacked = read_index(path)
    assert double.blobs[0].load().tolist() == [1 / 3, 2]
    assert unpacked.blobs[0].load().tolist() == [1.5, 2.5]
    os.truncate(path, 10)
    for stored_layer in (double, unpacked):
        with pytest.raises(ConversionError, match="became shorter"):
            stored_layer.blobs[0].load()


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_a_cut_file_is_told(tmp_path: Path, cut: int) -> None:
    message = caffe_pb2.NetParameter(name="n")
    message.layer.add(name="c").blobs.add(shape=caffe_pb2.BlobShape(dim=[100]), data=np.zeros(100))
    path = stored(tmp_path / "m", message)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ConversionError, match="cut off"):
        read_index(path)


def test_what_is_no_file_or_empty_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="cannot read"):
        read_index(tmp_path / "none")
    (tmp_path / "empty").touch()
    with pytest.raises(ConversionError, match="no caffemodel"):
        read_index(tmp_path / "empty")


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "m"
    path.write_bytes(data)
    try:
        read_index(path)
    except ConversionError as error:
        assert error.problems
