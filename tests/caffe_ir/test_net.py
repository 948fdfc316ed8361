from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from caffe_ir.layers import Concat, Convolution, Parameter, ReLU, Reshape, Sigmoid, Slice
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.values import Values
from tests.caffe_ir.build import add, net_of


def test_append_infers_shapes_and_refuses_what_caffe_refuses() -> None:
    net = net_of((1, 3, 8, 8))
    add(net, "relu", ReLU())
    assert net.shapes["relu"] == (1, 3, 8, 8)
    with pytest.raises(ConversionError, match=r"conv .*weights"):
        add(net, "conv", Convolution(num_output=4, kernel_size=(3, 3)))
    with pytest.raises(ConversionError, match=r"tiny\.cfg:3.*bottoms"):
        add(net, "two", ReLU(), bottoms=("data", "relu"))


def test_images_are_the_first_axis_of_the_first_input() -> None:
    net = net_of((5, 3, 8, 8))
    add(net, "view", Reshape(shape=(15, 1, 8, 8)))
    assert net.images == 5
    assert Net(name="none").images == 1


def test_replace_with_nothing_makes_readers_read_the_bottom() -> None:
    net = net_of((1, 2))
    add(net, "a", Sigmoid())
    add(net, "b", ReLU())
    add(net, "c", Concat(), bottoms=("a", "b"))
    net.replace(net.node("a"), [])
    assert net.node("b").bottoms == ("data",)
    assert net.node("c").bottoms == ("data", "b")
    assert net.values["a"] == "data"
    net.check()


def test_replace_keeps_the_top_that_others_read() -> None:
    net = net_of((1, 2))
    a = add(net, "a", Sigmoid())
    add(net, "b", ReLU())
    first = Node(name="a_1", layer=ReLU(), bottoms=("data",), tops=("a_1",), origin=a.origin)
    net.replace(a, [first, Node(name="a", layer=Sigmoid(), bottoms=("a_1",), tops=("a",), origin=a.origin)])
    net.check()
    assert [node.name for node in net.nodes] == ["data", "a_1", "a", "b"]
    assert net.shapes["a_1"] == (1, 2)


def test_rename_calls_a_blob_otherwise_everywhere() -> None:
    net = net_of((1, 4))
    add(net, "cut", Slice(slice_point=(1,)), tops=("left", "right"))
    add(net, "last", ReLU(), bottoms=("right",))
    net.values["both"] = "right"
    net.rename("right", "rest")
    net.rename("last", "end")
    net.check()
    assert [str(node) for node in net.nodes[1:]] == [
        "cut: Slice(slice_point=(1,)) data -> left, rest",
        "end: ReLU() rest -> end",
    ]
    assert (net.outputs, net.values["both"], net.shapes["rest"]) == (["end"], "rest", (1, 3))
    assert not net.has("last")
    assert not net.writes("right")


def test_remove_forgets_the_values_it_held() -> None:
    net = net_of((1, 2))
    a = add(net, "a", Sigmoid())
    net.outputs = ["data"]
    net.remove(a)
    assert "a" not in net.values
    net.check()


def test_fresh_names_avoid_layers_and_blobs() -> None:
    net = net_of((1, 2))
    add(net, "a", Sigmoid(), tops=("b",))
    assert [net.fresh_name(wanted) for wanted in ("a", "b", "c")] == ["a_2", "b_2", "c"]
    assert net.fresh_name("a", {"a_2", "c"}) == "a_3"
    assert net.fresh_name("c", {"a_2", "c"}) == "c_2"


def test_dump_shows_layers_weights_and_shapes() -> None:
    net = net_of((1, 1, 2, 2))
    add(net, "conv", Convolution(num_output=1, kernel_size=(1, 1), bias_term=False), [[[[1.0]]]])
    assert net.dump().splitlines()[2].endswith("data -> conv | [1, 1, 1, 1]  [1x1x2x2]")


def test_a_net_in_one_line() -> None:
    net = net_of((1, 3, 8, 8))
    add(net, "a", Sigmoid())
    add(net, "constant", Parameter(shape=(2,)), [1.0, 2.0], bottoms=())
    net.outputs = ["a", "constant"]
    assert repr(net) == "<Net tiny: 3 layers, data 1x3x8x8 -> a 1x3x8x8, constant 2>"
    assert repr(Net(name="empty")) == "<Net empty: 0 layers, nothing -> nothing>"


def test_consumers_and_producers() -> None:
    net = net_of((1, 2))
    add(net, "a", Sigmoid())
    add(net, "b", Sigmoid(), bottoms=("data",))
    assert [node.name for node in net.consumers("data")] == ["a", "b"]
    assert net.producer("a").name == "a"
    with pytest.raises(KeyError):
        net.node("zzz")


def test_a_copy_is_rewritten_alone() -> None:
    net = net_of((1, 2))
    add(net, "a", Sigmoid())
    add(net, "b", ReLU())
    copy = net.copy()
    copy.replace(copy.node("a"), [])
    copy.note("warning", "only here")
    assert [node.name for node in net.nodes] == ["data", "a", "b"]
    assert net.node("b").bottoms == ("a",)
    assert net.values["a"] == "a"
    assert not net.notes


def test_a_node_is_placed_wherever_the_last_one_stood() -> None:
    net = net_of((1, 2))
    for number in range(400):
        add(net, f"relu{number}", ReLU())
    for place in (400, 0, 399, 17, 18, 16, 250, 1, 400):
        assert net.place(net.nodes[place]) == place
    with pytest.raises(ValueError, match="not in list"):
        net.place(replace(net.nodes[0]))


class Searched(list[Node]):
    """Nodes that count how many of them were looked at."""

    looked_at = 0

    def index(self, node: Node, begin: Any = 0, end: Any = 1 << 60, /) -> int:
        place = next((place for place in range(begin, min(end, len(self))) if self[place] is node), None)
        self.looked_at += (min(end, len(self)) if place is None else place) - begin
        if place is None:
            raise ValueError("not in list")
        return place


class Unsearched(Values):
    def __iter__(self) -> Iterator[str]:
        raise AssertionError("all values are gone through")


@pytest.mark.parametrize("count", [10, 2000])
def test_a_rewrite_costs_the_same_in_a_net_of_any_length(count: int) -> None:
    net = net_of((1, 2))
    for number in range(count):
        add(net, f"relu{number}", ReLU())
    net.values = Unsearched({f"relu{number}": f"relu{number}" for number in range(count)})
    net.nodes = searched = Searched(net.nodes)
    for old in net.nodes[1:]:
        current = net.node(old.name)
        name = f"{old.name}_new"
        net.redirect(current.top, name)
        second = Node(name=name, layer=Sigmoid(), bottoms=current.tops, tops=(name,), origin=old.origin)
        net.replace(current, [replace(current), second])
    assert len(net.nodes) == 2 * count + 1
    assert searched.looked_at < 40 * count


def test_whether_a_blob_is_given_or_read_follows_every_change() -> None:
    net = net_of((1, 2))
    for number in range(4):
        add(net, f"relu{number}", ReLU())
    net.outputs = ["relu3", "relu1", "relu3"]
    assert [net.is_output(f"relu{number}") for number in range(4)] == [False, True, False, True]
    assert net.is_read_once("relu0")
    assert not net.is_read_once("relu1")
    net.redirect("relu3", "relu2")
    assert net.outputs == ["relu2", "relu1", "relu2"]
    assert net.is_output("relu2")
    assert not net.is_wanted("relu3")
    net.outputs.append("relu3")
    assert net.is_wanted("relu3")
    net.outputs = []
    assert not net.is_output("relu1")
    assert (net.reads("relu1"), net.reads("relu3")) == (1, 0)


def test_an_output_is_given_once_in_the_place_of_another() -> None:
    net = net_of((1, 2))
    for name in "abc":
        add(net, name, ReLU())
    net.outputs = ["a", "b"]
    net.give("c", "b")
    assert net.outputs == ["a", "c"]
    net.give("a", "c")
    assert net.outputs == ["a"]
    net.give("b", "c")
    assert net.outputs == ["a"]


def test_a_copy_keeps_its_outputs() -> None:
    net = net_of((1, 2))
    add(net, "a", ReLU())
    net.outputs = ["a"]
    copy = net.copy()
    net.redirect("a", "data")
    assert (net.outputs, copy.outputs) == (["data"], ["a"])
