"""Every text of a program is found at its place in torch's schema."""

from __future__ import annotations

import json

import pytest

from converters.pytorch.open.program_schema import Unlike, texts_of
from tests.converters.pytorch import hostile


def test_all_texts_of_a_program_are_found() -> None:
    model = json.loads(hostile.entries_of(hostile.program())[hostile.MODEL])
    found = texts_of("ExportedProgram", model)
    texts = {text.text for text in found}
    assert texts >= set(strings(model["graph_module"]["graph"]["tensor_values"], leaves=True))
    assert texts >= set(strings(model["graph_module"]["module_call_graph"], leaves=True))
    assert texts >= set(strings([node["target"] for node in model["graph_module"]["graph"]["nodes"]], leaves=True))
    places = {text.field for text in found}
    assert places >= {"SymExpr.expr_str", "Node.target", "ModuleCallSignature.in_spec", "Graph.tensor_values"}


def strings(held: object, *, leaves: bool) -> list[str]:
    if isinstance(held, dict):
        return [text for value in held.values() for text in strings(value, leaves=leaves)]
    if isinstance(held, list):
        return [text for value in held for text in strings(value, leaves=leaves)]
    return [held] if isinstance(held, str) else []


def test_an_argument_of_a_call_is_told_from_one_of_the_program() -> None:
    argument = {"as_string": "x"}
    (_, of_call) = texts_of("NamedArgument", {"name": "n", "arg": argument, "kind": 1})
    (of_program,) = texts_of("UserInputSpec", {"arg": argument})
    assert (of_call.field, of_call.around) == ("Argument.as_string", "NamedArgument.arg")
    assert (of_program.field, of_program.around) == ("Argument.as_string", "UserInputSpec.arg")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("Node", {"target": ["a"]}),
        ("SymInt", {"as_int": "1"}),
        ("SymInt", {"as_int": 1, "as_expr": {}}),
        ("SymInt", {"as_text": "1"}),
        ("SymInt", {}),
        ("RangeConstraint", {"min_val": "1", "max_val": None}),
        ("ComplexValue", {"real": "exit()", "imag": 0.0}),
        ("TensorMeta", {"dtype": "exit()"}),
        ("Graph", {"inputs": {"a": 1}}),
        ("Graph", 5),
        ("NoSuchThing", {}),
    ],
)
def test_what_is_unlike_the_schema(name: str, data: object) -> None:
    with pytest.raises(Unlike):
        texts_of(name, data)


def test_what_torch_passes_over_is_passed_over() -> None:
    assert texts_of("RangeConstraint", {"min_val": 1, "max_val": None, "of_a_later_torch": "exit()"}) == []


def test_endless_nests_end() -> None:
    data: dict[str, object] = {"as_int": 1}
    for _ in range(300):
        data = {"as_graph": {"name": "g", "graph": {"inputs": [data]}}}
    with pytest.raises(Unlike, match="too deep"):
        texts_of("Argument", data)
