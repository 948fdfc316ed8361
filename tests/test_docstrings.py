"""What is public says what it is, and what it raises.

A public name has no underscore before it. The handlers of operations, sections and the like are called by what they
handle and have one contract, that of their room; a method without a docstring has that of the class it overrides.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = {
    path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
    for room in ("caffe_ir", "converters")
    for path in sorted((ROOT / room).rglob("*.py"))
    if path.name != "caffe_pb2.py"
}
API = ("caffe_ir/net.py", "caffe_ir/__init__.py", "caffe_ir/errors.py", "caffe_ir/reference.py", "converters/model.py")
"""Modules whose methods are called by others' programs: docs/reference/python.md."""
UNDERSTOOD = {"NotImplementedError"}
"""Raised by what a subclass has to give."""


def is_handler(function: ast.FunctionDef) -> bool:
    return "build" in (argument.arg for argument in function.args.args)


def public(body: list[ast.stmt], holder: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """The public functions and classes of a module, and the methods of such classes."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{holder}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


def raised(function: ast.AST) -> Iterator[str]:
    """What a function raises by itself, not what those do that it defines or calls."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            yield ast.unparse(called).rpartition(".")[2]
        yield from raised(node)


def test_the_modules_are_found() -> None:
    assert len(MODULES) > 400
    assert {Path(name) for name in API} <= MODULES.keys()


@pytest.mark.parametrize("room", ["caffe_ir", "converters"])
def test_what_is_public_has_a_docstring(room: str) -> None:
    without = [
        f"{path}:{node.lineno} {name}"
        for path, module in MODULES.items()
        if path.parts[0] == room
        for name, node in public(module.body)
        if ast.get_docstring(node) is None
        and ("." not in name or str(path) in API)
        and not (isinstance(node, ast.FunctionDef) and is_handler(node))
        and not any(ast.unparse(mark) == "overload" for mark in node.decorator_list)
    ]
    assert without == []


@pytest.mark.parametrize("room", ["caffe_ir", "converters"])
def test_what_raises_says_so(room: str) -> None:
    silent = [
        f"{path}:{node.lineno} {name}: {', '.join(found)}"
        for path, module in MODULES.items()
        if path.parts[0] == room
        for name, node in public(module.body)
        if isinstance(node, ast.FunctionDef)
        and not is_handler(node)
        and not any("click" in ast.unparse(mark) for mark in node.decorator_list)
        and (text := ast.get_docstring(node)) is not None
        and (found := sorted(set(raised(node)) - UNDERSTOOD))
        and "raise" not in text.lower()
    ]
    assert silent == []
