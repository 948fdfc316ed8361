from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import Power
from converters.verify.embedded_engine import EMBEDDED, blobs, layer_by_layer
from tests.caffe_ir.build import add, net_of
from tests.converters.verify.engine_nets import INPUT, by_torch, files_of, ordinary


def test_an_error_is_seen_where_it_is_made_and_nowhere_else() -> None:
    net = net_of((1, 2))
    for name, scale in (("a", 2.0), ("b", 5.0), ("c", 3.0)):
        add(net, name, Power(scale=scale))
    right = {"a": np.array([[2.0, 4.0]]), "b": np.array([[6.0, 12.0]]), "c": np.array([[18.0, 36.0]])}
    held = {name: name for name in right}
    seen = layer_by_layer(net, held, right.pop, {"data": np.array([[1.0, 2.0]])})
    assert [row.error for _, rows in seen for row in rows] == [0.0, 8.0, 0.0]


def test_a_blob_without_a_value_goes_on_as_it_is() -> None:
    net = net_of((1, 2))
    add(net, "a", Power(scale=2.0))
    add(net, "b", Power(scale=3.0))
    seen = layer_by_layer(net, {"b": "v"}, lambda value: np.array([[6.0, 12.0]]), {"data": np.array([[1.0, 2.0]])})
    assert [[row.value for row in rows] for _, rows in seen] == [[], [], ["v"]]


def test_another_size_is_told_and_not_passed_on() -> None:
    net = net_of((1, 2))
    add(net, "a", Power(scale=2.0))
    add(net, "b", Power(scale=3.0))
    values = {"a": np.zeros((1, 3)), "b": np.array([[6.0, 12.0]])}
    seen = layer_by_layer(net, {"a": "a", "b": "b"}, values.pop, {"data": np.array([[1.0, 2.0]])})
    assert [row.error for _, rows in seen for row in rows] == [np.inf, 0.0]


def test_it_computes_what_torch_computes(tmp_path) -> None:
    pytest.importorskip("torch")
    net = ordinary()
    right = by_torch(net)
    found = EMBEDDED.blobs(files_of(tmp_path, net), list(right), {"data": INPUT})
    for ours, theirs in zip(found, right.values(), strict=True):
        assert ours is not None
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert EMBEDDED.missing() == ""


def test_the_run_ends_with_the_last_blob_that_is_wanted() -> None:
    net = net_of((1, 2))
    add(net, "a", Power(scale=2.0))
    add(net, "b", Power(power=-1.0), bottoms=["a"])
    assert len(list(blobs(net, ["a"], {"data": np.zeros((1, 2))}, np.float64))) == 1
