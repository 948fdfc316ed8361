from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffe_ir.blob import Blob
from caffe_ir.errors import ConversionError
from caffe_ir.files import caffemodel
from caffe_ir.layers import Convolution, InnerProduct, Parameter, ReLU, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.proto import caffe_pb2
from tests.caffe_ir.build import add, net_of


def by_protobuf(net: Net) -> bytes:
    """What protobuf itself makes of the same net."""
    message = caffe_pb2.NetParameter(name=net.name)
    for node in net.nodes:
        layer = message.layer.add(name=node.name, type=node.layer.type_name())
        for blob in node.blobs:
            proto = layer.blobs.add(data=blob.load().astype("f4").reshape(-1).tolist())
            if blob.shape:
                proto.shape.dim.extend(blob.shape)
    return message.SerializeToString()


def written(net: Net, path: Path) -> bytes:
    with open(path, "wb") as file:
        caffemodel.stream(caffemodel.frames(net), file)
    return path.read_bytes()


def test_bytes_are_protobufs_own(tmp_path: Path) -> None:
    net = net_of((2, 3, 5, 5), name="größer")
    rng = np.random.default_rng(0)
    add(
        net,
        "conv",
        Convolution(num_output=200, kernel_size=(3, 3)),
        rng.normal(size=(200, 3, 3, 3)),
        rng.normal(size=200),
    )
    add(net, "relu", ReLU())
    add(net, "scale", Scale(num_axes=0), np.float32(3))
    add(net, "fc", InnerProduct(num_output=2), rng.normal(size=(2, 1800)), np.zeros(2))
    data = written(net, tmp_path / "m")
    assert data == by_protobuf(net)
    assert caffemodel.size(caffemodel.frames(net)) == len(data)


def test_weights_of_a_file_are_copied_as_they_lie(tmp_path: Path) -> None:
    source = tmp_path / "source"
    numbers = np.random.default_rng(1).normal(size=3000).astype("<f4")
    numbers[7] = np.nan
    source.write_bytes(b"xyz" + numbers.tobytes())
    net = net_of((1, 1))
    net.append(
        Node(
            name="p",
            layer=Parameter(shape=(30, 100)),
            tops=("p",),
            blobs=(Blob.in_file(source, 3, (30, 100)),),
            origin=net.nodes[0].origin,
        )
    )
    told: list[int] = []
    with open(tmp_path / "m", "wb") as file:
        caffemodel.stream(caffemodel.frames(net), file, told.append)
    data = (tmp_path / "m").read_bytes()
    assert numbers.tobytes() in data
    assert sum(told) == len(data) == caffemodel.size(caffemodel.frames(net))


def test_a_blob_longer_than_the_buffer_and_one_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caffemodel, "_BUFFER", 24)
    source = tmp_path / "source"
    source.write_bytes(b"xyz" + np.arange(100, dtype="<f4").tobytes())
    net = net_of((1, 1))
    for name in ("p", "q"):
        blob = Blob.in_file(source, 3, (100,))
        node = Node(name=name, layer=Parameter(shape=(100,)), tops=(name,), blobs=(blob,), origin=net.nodes[0].origin)
        net.append(node)
    assert written(net, tmp_path / "m") == by_protobuf(net)


def test_a_source_that_becomes_shorter_is_told(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"\0" * 40)
    net = net_of((1, 1))
    blob = Blob.in_file(source, 0, (100,))
    node = Node(name="p", layer=Parameter(shape=(100,)), tops=("p",), blobs=(blob,), origin=net.nodes[0].origin)
    net.append(node)
    with pytest.raises(ConversionError, match="source became shorter"):
        written(net, tmp_path / "m")
    source.unlink()
    with pytest.raises(ConversionError, match=r"cannot read .*source"):
        written(net, tmp_path / "m")


def test_who_watches_is_shown_whole_numbers_alone(tmp_path: Path) -> None:
    numbers = np.arange(600_000, dtype="<f4")  # more than go through the buffer at once
    source, seen = tmp_path / "w", list[bytes]()
    source.write_bytes(b"12345" + numbers.tobytes())
    net = net_of((1, 1))
    blob = Blob.in_file(source, 5, numbers.shape)
    net.append(
        Node(name="p", layer=Parameter(shape=numbers.shape), tops=("p",), blobs=(blob,), origin=net.nodes[0].origin)
    )
    pieces = caffemodel.frames(net)
    caffemodel.stream(pieces, io.BytesIO(), watch=lambda blob, held: seen.append(bytes(held)))
    assert len(seen) > 1
    assert b"".join(seen) == numbers.tobytes()
    os.truncate(source, source.stat().st_size - 2)
    seen.clear()
    with pytest.raises(ConversionError, match="shorter"):
        caffemodel.stream(pieces, io.BytesIO(), watch=lambda blob, held: seen.append(bytes(held)))
    assert all(len(held) % 4 == 0 for held in seen)


@given(st.lists(st.lists(st.integers(1, 5), max_size=4), max_size=4), st.text(max_size=200))
def test_any_shapes_and_names(shapes: list[list[int]], name: str) -> None:
    net = net_of((1, 1), name=name)
    for number, shape in enumerate(shapes):
        add(net, f"p{number}", Parameter(shape=tuple(shape)), np.full(shape, number, np.float32), bottoms=())
    file = io.BytesIO()
    caffemodel.stream(caffemodel.frames(net), file)
    assert file.getvalue() == by_protobuf(net)
