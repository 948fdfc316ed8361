"""What is wrong with a net is reported whole: names, blobs, shapes."""

from __future__ import annotations

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.layers import Flatten, ReLU, Sigmoid, Slice
from caffe_ir.node import Node
from tests.caffe_ir.build import add, net_of


def test_an_output_must_be_alone() -> None:
    net = net_of((1, 4))
    add(net, "first", ReLU())
    add(net, "cut", Slice(slice_point=(1,)), tops=("left", "right"))
    add(net, "last", ReLU())
    assert [blob for blob in net.shapes if net.can_end_at(blob)] == ["last"]


def test_check_tells_every_fault() -> None:
    net = net_of((1, 2))
    node = add(net, "a", Sigmoid())
    net.nodes.insert(0, Node(name="early", layer=ReLU(), bottoms=("a",), tops=("early",), origin=node.origin))
    net.nodes.append(Node(name="a", layer=ReLU(), bottoms=("data",), tops=("a",), origin=node.origin))
    net.outputs = ["nowhere"]
    with pytest.raises(ConversionError) as caught:
        net.check()
    told = str(caught.value)
    for part in ("early reads a", "two layers are called a", "a writes a a second time", "nowhere is needed"):
        assert part in told


def test_infer_collects_refusals_and_passes_over_what_follows() -> None:
    net = net_of((1, 2, 3, 3))
    add(net, "a", ReLU())
    add(net, "b", ReLU(), bottoms=("a",))
    net.update(
        net.node("a"), Node(name="a", layer=Flatten(axis=7), bottoms=("data",), tops=("a",), origin=net.nodes[0].origin)
    )
    with pytest.raises(ConversionError) as caught:
        net.infer()
    assert len(caught.value.problems) == 1
