"""What order decides, and where it says nothing."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from tests.converters.transplant.matches import chain, matched, pairs, same
from tests.converters.transplant.nets import conv, layer


def test_order_along_the_net(tmp_path: Path) -> None:
    found = matched(tmp_path, chain("a", "b", "c"), **same("x", "y", "z"))
    assert pairs(found) == {"a": "x", "b": "y", "c": "z"}
    assert set(found.why.values()) == {"its place among 3 of its shape along the net"}


def test_side_by_side_has_no_order(tmp_path: Path) -> None:
    text = conv("a", "data", 4, 1) + conv("b", "data", 4, 1) + layer("Eltwise", "s", "a b") + conv("c", "s", 4, 1)
    found = matched(tmp_path, text, **same("x", "y", "z"))
    assert pairs(found) == {}
    assert "a, b do not depend on each other in one order" in found.open[0].why
    readings = [{own.name: its.name for own, its in reading.items()} for _, reading in found.open[0].readings]
    assert readings == [{"a": "x", "b": "y", "c": "z"}, {"a": "y", "b": "x", "c": "z"}]


def test_another_order_of_registration_leaves_the_rest_open(tmp_path: Path) -> None:
    """The only one of its shape shows that the modules are not registered as they run."""
    text = conv("a", "data", 4, 1) + conv("b", "a", 4, 1) + conv("c", "b", 5, 1)
    found = matched(tmp_path, text, last=nn.Conv2d(4, 5, 1), **same("x", "y"))
    assert pairs(found) == {"c": "last"}
    assert found.open[0].why == "a and c run in another order than their modules are registered"
