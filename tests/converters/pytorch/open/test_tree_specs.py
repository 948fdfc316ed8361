"""Nests of inputs: those that torch writes are read, those that import or break out of quotes are not."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict, deque
from typing import Any, NamedTuple

import pytest
import torch
from torch.utils._pytree import tree_flatten, treespec_dumps

from converters.pytorch.open.tree_specs import fault_of_tree

ONE = torch.ones(1)


@pytest.mark.parametrize(
    "nest",
    [
        ((ONE, [ONE, (ONE, None)]), {"mask": ONE, "more": {"it is": ONE, 3: ONE, None: ONE}}),
        ((OrderedDict(b=ONE, a=deque([ONE], maxlen=5)),), {}),
        ((defaultdict[str, Any](list, x=ONE), torch.Size([1, 2])), {}),
        ((), {}),
    ],
)
def test_nests_as_torch_writes_them(nest: Any) -> None:
    assert fault_of_tree(treespec_dumps(tree_flatten(nest)[1])) == ""


class Pair(NamedTuple):
    a: torch.Tensor
    b: torch.Tensor


def test_a_named_tuple_that_is_registered() -> None:
    torch.utils._pytree._register_namedtuple(Pair, serialized_type_name=f"{__name__}.Pair")
    assert fault_of_tree(treespec_dumps(tree_flatten(((Pair(ONE, ONE),), {}))[1])) == ""


def spec(kind: object, context: object, *children: Any) -> str:
    return json.dumps([1, {"type": kind, "context": context, "children_spec": list(children)}])


def nested(depth: int) -> Any:
    node: Any = {"type": None, "context": None, "children_spec": []}
    for _ in range(depth):
        node = {"type": "builtins.list", "context": "null", "children_spec": [node]}
    return node


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (spec("builtins.dict", '[{"__enum__": true, "fqn": "os:a", "name": "b"}]'), "enum"),
        (spec("builtins.dict", '[{"a": {"__enum__": 1}}]'), "enum"),
        (spec("collections.deque", '{"__enum__": true, "fqn": "antigravity:a", "name": "b"}'), "enum"),
        (spec("builtins.dict", '["a\'b"]'), "quotes"),
        (spec("builtins.dict", '["a\\"b"]'), "quotes"),
        (spec("builtins.dict", '["a\\\\"]'), "quotes"),
        (spec("builtins.dict", '["a\\nb"]'), "quotes"),
        (spec("builtins.dict", "{"), "not a list of keys"),
        (spec("builtins.dict", "null"), "no keys"),
        (
            spec(
                "collections.defaultdict",
                {"default_factory_module": "os", "default_factory_name": "abort", "dict_context": []},
            ),
            "would import os and call its abort",
        ),
        (
            spec(
                "collections.defaultdict",
                {"default_factory_module": "builtins", "default_factory_name": "breakpoint", "dict_context": []},
            ),
            "would import",
        ),
        (spec("collections.defaultdict", "null"), "no factory"),
        (spec("a b", "null"), "not a type"),
        (spec(["a"], "null"), "not a nest"),
        (spec(None, "x"), "not a nest"),
        (json.dumps([1, nested(100)]), "too deep"),
        (json.dumps([2, nested(1)]), "the way 2"),
        ("[1, {}]", "not a nest"),
        ("{}", "not a nest"),
        ("[" * 50_000, "not a nest"),
        ("", "not a nest"),
    ],
)
def test_what_would_run(text: str, why: str) -> None:
    fault = fault_of_tree(text)
    assert why in fault


def test_the_names_of_arguments_are_names() -> None:
    """torch writes them into the head of a function."""
    for key in ("a=exit()", "a b", "*a"):
        arguments = [spec_of("builtins.tuple", "null"), spec_of("builtins.dict", json.dumps([key]), nested(0))]
        fault = fault_of_tree(json.dumps([1, spec_of("builtins.tuple", "null", *arguments)]))
        assert "not a name of an argument" in fault


def spec_of(kind: str, context: str, *children: Any) -> Any:
    return {"type": kind, "context": context, "children_spec": list(children)}
