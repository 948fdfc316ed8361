from __future__ import annotations

from collections import Counter

import numpy as np

from caffe_ir.errors import Origin
from caffe_ir.layers import Eltwise, Input, ReLU, Sigmoid
from caffe_ir.node import Node
from caffe_ir.values import Values
from converters.verify.source import Supply, embedded, held_by_blob, inputs_of, source_of
from tests.caffe_ir.build import add, net_of


def small():
    net = net_of((1, 2))
    add(net, "a", Sigmoid())
    add(net, "b", ReLU(), in_place=True)
    net.values = Values({"conv_0": "a", "relu_0": "b", "alias": "b"})
    return net


def test_values_come_under_the_sources_names_also_in_place() -> None:
    seen = dict(embedded(small(), {"data": np.zeros((1, 2))}))
    assert set(seen) == {"conv_0", "relu_0", "alias"}
    assert np.array(seen["conv_0"]).tolist() == [[0.5, 0.5]]


def test_one_blob_may_hold_several_values() -> None:
    assert held_by_blob(small().values.items()) == {"a": ["conv_0"], "b": ["relu_0", "alias"]}


def test_a_source_tells_where_its_values_come_from_and_what_they_are() -> None:
    source = source_of("small", small(), small())
    assert str(source.origins["conv_0"]) == "tiny.cfg:1"
    assert source.meant["conv_0"] == "Sigmoid()"
    assert [reference.name for reference in source.references] == ["embedded"]
    assert inputs_of(small()) == {"data": (1, 2)}


def test_the_embedded_reference_takes_inputs_by_their_order() -> None:
    (reference,) = source_of("small", small(), small()).references
    seen = dict(reference.values({"renamed": np.zeros((1, 2))}))
    assert np.array(seen["relu_0"]).tolist() == [[0.5, 0.5]]


def test_an_input_that_the_caffe_net_has_no_more_is_zeros_in_the_source() -> None:
    """The others are still given by their order."""
    meant = net_of((1, 2))
    meant.append(Node(name="size", layer=Input(shape=(1, 3)), tops=("size",), origin=Origin(layer="size")))
    meant.append(Node(name="last", layer=Input(shape=(1, 2)), tops=("last",), origin=Origin(layer="last")))
    add(meant, "sum", Eltwise(operation="SUM"), bottoms=("data", "last"))
    add(meant, "halves", Sigmoid(), bottoms=("size",))
    expected = meant.copy()
    for name in ("halves", "size"):
        expected.remove(expected.node(name))
    (reference,) = source_of("two inputs", meant, expected).references
    seen = dict(reference.values({"first": np.ones((1, 2)), "second": np.full((1, 2), 3.0)}))
    assert np.array(seen["sum"]).tolist() == [[4.0, 4.0]]
    assert np.array(seen["halves"]).tolist() == [[0.5, 0.5, 0.5]]


def test_a_supply_keeps_what_is_wanted_later_and_nothing_else() -> None:
    given = iter([("a", np.zeros(1)), ("nobody", np.zeros(1)), ("b", np.ones(1)), ("c", np.zeros(1))])
    supply = Supply(stream=given, wanted=Counter("abb"))
    assert supply.take("b") is not None
    assert set(supply.waiting) == {"a", "b"}
    assert supply.take("b") is not None
    assert supply.take("a") is not None
    assert supply.waiting == {}
    assert supply.take("missing") is None
