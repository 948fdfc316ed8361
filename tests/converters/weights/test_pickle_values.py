from __future__ import annotations

from typing import Any

import pytest

from converters.weights.octets import Octets
from converters.weights.pickle_values import LONGEST_NAME, Global, Inert, kind_of, name_of


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("conv", "conv"),
        (1, "1"),
        (True, "True"),
        (None, "None"),
        ((0, ("a", "b"), "c"), "(0, ..., c)"),
        (Octets(length=2, data=b"\xc3\xa4"), "ä"),
        (Octets(length=1, data=b"\xff"), "\\xff"),
        (Octets(length=900, data=b"a" * 900), "a" * LONGEST_NAME + "..."),
        (Inert(kind="a.b"), "a.b"),
        (Global("a", "b"), "a.b"),
        (tuple(range(9)), "tuple"),
    ],
)
def test_names_of_keys(key: Any, name: str) -> None:
    assert name_of(key) == name


def test_a_name_is_short_but_for_a_text() -> None:
    assert len(name_of(("a" * 60_000,) * 8)) <= LONGEST_NAME + 2


def test_kinds() -> None:
    assert kind_of(Inert(kind="a.b")) == "a.b"
    assert kind_of(Global("c", "d")) == "c.d"
    assert kind_of([1]) == "list"
