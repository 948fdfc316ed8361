from __future__ import annotations

from caffe_ir.errors import Origin
from caffe_ir.layers import Eltwise, ReLU
from caffe_ir.net_index import NetIndex
from caffe_ir.node import Node


def node(name: str, bottoms: tuple[str, ...], top: str) -> Node:
    layer = ReLU() if len(bottoms) == 1 else Eltwise(operation="SUM")
    return Node(name=name, layer=layer, bottoms=bottoms, tops=(top,), origin=Origin(layer="here"))


def test_names_writers_and_readers() -> None:
    first, second = node("r", ("x",), "y"), node("s", ("x", "y"), "z")
    index = NetIndex([first, second])
    assert index.named == {"r": first, "s": second}
    assert index.writers == {"y": first, "z": second}
    assert {blob: list(readers) for blob, readers in index.readers.items()} == {"x": [first, second], "y": [second]}


def test_a_node_that_reads_a_blob_twice_is_one_reader() -> None:
    square = node("square", ("x", "x"), "y")
    index = NetIndex([square])
    assert list(index.readers["x"]) == [square]
    index.drop(square)
    assert (index.named, index.writers, index.readers) == ({}, {}, {"x": {}})


def test_dropping_the_old_keeps_the_new_of_that_name() -> None:
    old, new = node("r", ("x",), "y"), node("r", ("w",), "y")
    index = NetIndex([old])
    index.add(new)
    index.drop(old)
    assert index.named == {"r": new}
    assert index.writers == {"y": new}
    assert not index.readers["x"]
