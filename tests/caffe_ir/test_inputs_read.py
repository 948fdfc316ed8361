from __future__ import annotations

import pytest

from caffe_ir.errors import Origin
from caffe_ir.inputs_read import inputs_read
from caffe_ir.layers import LAYERS, Convolution, Crop, Eltwise, Input, PriorBox, ReferencedInterp, ReLU
from caffe_ir.net import Net
from caffe_ir.node import Node
from tests.caffe_ir.build import add, net_of


def two_inputs() -> Net:
    net = net_of((1, 3, 12, 14))
    net.append(Node(name="ref", layer=Input(shape=(1, 3, 6, 7)), tops=("ref",), origin=Origin(layer="ref")))
    return net


def read(net: Net) -> list[str]:
    return [node.name for node in inputs_read(net)]


@pytest.mark.parametrize(("layer", "names"), [(Crop(), ["data"]), (ReferencedInterp(), ["data"])])
def test_an_input_that_only_gives_a_size_is_not_read(layer, names) -> None:
    net = two_inputs()
    add(net, "sized", layer, bottoms=("data", "ref"))
    net.outputs = ["sized"]
    assert read(net) == names


def test_nor_is_one_behind_layers_that_only_give_a_size() -> None:
    net = two_inputs()
    add(net, "relu", ReLU(), bottoms=("ref",))
    add(net, "sized", Crop(), bottoms=("data", "relu"))
    net.outputs = ["sized"]
    assert read(net) == ["data"]
    add(net, "both", Eltwise(operation="SUM"), bottoms=("sized", "relu"))
    net.outputs = ["both"]
    assert read(net) == ["data", "ref"]


def test_an_input_that_is_an_output_is_read() -> None:
    net = two_inputs()
    add(net, "sized", Crop(), bottoms=("data", "ref"))
    net.outputs = ["sized", "ref"]
    assert read(net) == ["data", "ref"]


def test_priors_read_no_number_of_the_picture() -> None:
    net = two_inputs()
    add(net, "box", PriorBox(min_size=(3.0,)), bottoms=("ref", "data"))
    net.outputs = ["box"]
    assert read(net) == []
    assert {name for name, kind in LAYERS.items() if kind.sizes_read} == {"Crop", "PriorBox"}
    assert Convolution.sizes_read == frozenset()
