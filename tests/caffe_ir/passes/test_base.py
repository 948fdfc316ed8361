from __future__ import annotations

import pytest
from msgspec.structs import replace

from caffe_ir.layers import Flatten, ReLU, Sigmoid
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Options, Pass, run_pass
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of

CONTEXT = Context(target=CAFFE, options=Options())


def test_only_the_layers_it_visits_are_given_to_it() -> None:
    net = net_of((1, 2))
    add(net, "a", ReLU())
    add(net, "b", Sigmoid())
    seen: list[str] = []
    run_pass(Pass(name="look", visits=(ReLU,), rewrite=lambda net, node, context: seen.append(node.name)), net, CONTEXT)
    assert seen == ["a"]


def test_a_node_taken_out_is_not_visited() -> None:
    net = net_of((1, 2))
    add(net, "a", ReLU())
    add(net, "b", ReLU())
    seen: list[str] = []

    def rewrite(net: Net, node: Node, context: Context) -> None:
        seen.append(node.name)
        if node.name == "a":
            net.replace(net.node("b"), [])

    run_pass(Pass(name="cut", visits=(ReLU,), rewrite=rewrite), net, CONTEXT)
    assert seen == ["a"]


def test_a_pass_that_changes_the_shape_of_a_blob_is_caught() -> None:
    net = net_of((1, 2, 3, 3))
    add(net, "a", ReLU())

    def flatten(net: Net, node: Node, context: Context) -> None:
        net.replace(node, [replace(node, layer=Flatten())])

    with pytest.raises(AssertionError, match="pass bad changed a"):
        run_pass(Pass(name="bad", visits=(ReLU,), rewrite=flatten), net, CONTEXT)
