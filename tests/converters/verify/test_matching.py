from __future__ import annotations

from caffe_ir.layers import ReLU, Sigmoid, TanH
from caffe_ir.values import Values
from converters.verify.matching import Makers, matches, upstream
from tests.caffe_ir.build import add, net_of


def chain(*names):
    net = net_of((1, 2))
    for name in names:
        add(net, name, Sigmoid())
    return net


def test_values_are_matched_by_their_blobs() -> None:
    found = matches(chain("a", "b"), chain("a", "b"))
    assert found.held == {"a": "a", "b": "b"}
    assert found.missing == ()


def test_a_value_that_is_gone_is_harmless_where_a_later_one_depends_on_it() -> None:
    expected = chain("a", "b", "c")
    net = net_of((1, 2))
    add(net, "a", Sigmoid())
    add(net, "c", Sigmoid())
    assert matches(expected, net).missing == ()
    assert matches(expected, chain("a", "b")).missing == ("c",)


def test_of_two_values_in_one_blob_the_first_stands_for_both() -> None:
    expected = chain("a")
    expected.values = Values({"conv": "a", "dropout": "a", "data": "data"})
    assert matches(expected, chain("a")).held == {"a": "conv"}


def test_the_layers_of_a_blob_begin_at_what_is_known() -> None:
    net = chain("a", "b")
    add(net, "other", TanH(), bottoms=["data"])
    add(net, "c", ReLU(), bottoms=["b"])
    makers = Makers(net)
    assert [node.name for node in makers.of("c", {"a"})] == ["b", "c"]
    assert [node.name for node in makers.of("c", {"a", "c"})] == ["b", "c"]
    assert [node.name for node in makers.of("c", {"b"})] == ["c"]
    assert upstream(net, ["b"]) == {"data", "a", "b"}
