from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffe_ir.errors import ConversionError
from caffe_ir.files.caffemodel_index import read_index
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
    with pytest.raises(ConversionError, match="not a caffemodel"):
        read_index(tmp_path / "empty")


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "m"
    path.write_bytes(data)
    try:
        read_index(path)
    except ConversionError as error:
        assert error.problems


def layer_of(path: Path, blob: bytes) -> Path:
    """A file of one layer with a blob of these bytes, at most 100."""
    layer = b"\x0a\x01u" + b"\x3a" + bytes([len(blob)]) + blob
    path.write_bytes(b"\xa2\x06" + bytes([len(layer)]) + layer)
    return path


SHAPE_OF_TWO = b"\x3a\x03\x0a\x01\x02"


@pytest.mark.parametrize(
    ("blob", "told"),
    [
        (SHAPE_OF_TWO + b"\x2a\x09" + b"\0" * 9, "holds no numbers of 4 bytes"),
        (SHAPE_OF_TWO + b"\x42\x09" + b"\0" * 9, "holds no numbers of 8 bytes"),
        (SHAPE_OF_TWO + b"\x28\x01\x28\x01", "holds no numbers of 4 bytes"),
        (SHAPE_OF_TWO + b"\x29" + b"\0" * 8, "holds no numbers of 4 bytes"),
        (SHAPE_OF_TWO + b"\x2a\x04" + b"\0" * 4, "a blob of shape \\(2,\\) holds 1 numbers"),
        (b"\x3a\x0d\x0a\x0b\x00" + b"\xff" * 9 + b"\x01", "Caffe's sizes have 31 bits"),
        (b"\x08\x80\x80\x80\x80\x08", "Caffe's sizes have 31 bits"),
        (b"\x3a\x23\x0a\x21" + b"\x01" * 33 + b"\x2a\x04" + b"\0" * 4, "33 axes, and Caffe's have 32 at most"),
        (b"\x3a\x05\x0d\x01\x02\x03\x04", "holds no whole numbers"),
    ],
)
def test_blobs_that_caffe_refuses(tmp_path: Path, blob: bytes, told: str) -> None:
    with pytest.raises(ConversionError, match=told):
        read_index(layer_of(tmp_path / "m", blob))


def test_numbers_in_several_forms_follow_each_other(tmp_path: Path) -> None:
    """Packed, one by one, behind a tag of two bytes, and packed to nothing: protobuf reads them as one list."""
    one, two, three, four, five = (struct.pack("<f", value) for value in range(1, 6))
    numbers = b"\x2a\x08" + one + two + b"\x2d" + three + b"\x2a\x00" + b"\xad\x00" + four + b"\x2d" + five
    path = layer_of(tmp_path / "m", numbers + b"\x3a\x03\x0a\x01\x05")
    message = caffe_pb2.NetParameter.FromString(path.read_bytes())
    (layer,) = read_index(path)
    assert layer.blobs[0].load().tolist() == list(message.layer[0].blobs[0].data) == [1, 2, 3, 4, 5]


def test_a_million_numbers_one_by_one_take_no_time(tmp_path: Path) -> None:
    numbers = np.zeros(1_000_000, [("tag", "u1"), ("value", "<f4")])
    numbers["tag"], numbers["value"] = 0x2D, np.arange(1_000_000)
    blob = numbers.tobytes() + b"\x3a\x05\x0a\x03\xc0\x84\x3d"
    head = b"\xa2\x06" + _varint(len(blob) + 1 + len(_varint(len(blob)))) + b"\x3a" + _varint(len(blob))
    (tmp_path / "m").write_bytes(head + blob)
    (layer,) = read_index(tmp_path / "m")
    assert np.array_equal(layer.blobs[0].load(), np.arange(1_000_000, dtype=np.float32))


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + _varint(number >> 7)
