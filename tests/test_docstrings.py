"""What is public says what it is, and what it raises.

A public name has no underscore before it. The handlers of operations, sections and the like are called by what they
handle and have one contract, that of their room; a method without a docstring has that of the class it overrides.
"""

from __future__ import annotations

import ast
import re
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
PASSED_ON = re.compile(r"\braises?\b(?! nothing)[^.]*\b(ConversionError|NotInstalledError)\b", re.IGNORECASE)
"""What a docstring says of the errors that a user is shown."""
UNDERSTOOD = {"NotImplementedError"}
"""Raised by what a subclass has to give."""


def is_handler(function: ast.FunctionDef) -> bool:
    return "build" in (argument.arg for argument in function.args.args)


def is_command(function: ast.FunctionDef) -> bool:
    return any("click" in ast.unparse(mark) for mark in function.decorator_list)


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
        and not is_command(node)
        and (text := ast.get_docstring(node)) is not None
        and (found := sorted(set(raised(node)) - UNDERSTOOD))
        and "raise" not in text.lower()
    ]
    assert silent == []


Function = tuple[str, str]
"""The name of a module, and that of a function in it."""


def module_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def functions(module: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}


DOCUMENTED: set[Function] = {
    (module_of(path), name)
    for path, module in MODULES.items()
    for name, node in functions(module).items()
    if PASSED_ON.search(ast.get_docstring(node) or "")
}
"""The functions that say that they raise such an error."""


def called_outside_try(node: ast.AST) -> Iterator[str]:
    """The names that are called where nothing catches what they raise."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.Try):
            for part in (*inner.handlers, *inner.orelse, *inner.finalbody):
                yield from called_outside_try(part)
            continue
        if isinstance(inner, ast.With) and "failures_reported" in ast.unparse(inner.items[0]):
            continue  # it ends the program with the message
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
            yield inner.func.id
        yield from called_outside_try(inner)


def passed_on(path: Path, module: ast.Module, function: ast.FunctionDef) -> set[str]:
    """The documented functions whose errors a function passes on: called by itself, or by private ones beside it."""
    own = functions(module)
    known = {name: (module_of(path), name) for name in own} | {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    found, seen, open_ones = set[str](), set[str](), [function]
    while open_ones:
        for name in called_outside_try(open_ones.pop()):
            if name.startswith("_") and name in own and name not in seen:
                open_ones.append(own[name])
            elif known.get(name) in DOCUMENTED:
                found.add(name)
            seen.add(name)
    return found


@pytest.mark.parametrize("room", ["caffe_ir", "converters"])
def test_what_passes_on_an_error_says_so(room: str) -> None:
    silent = [
        f"{path}:{node.lineno} {name}: {', '.join(sorted(found))}"
        for path, module in MODULES.items()
        if path.parts[0] == room
        for name, node in functions(module).items()
        if not name.startswith("_") and not is_handler(node) and not is_command(node)
        if "raise" not in (ast.get_docstring(node) or "").lower()
        if (found := passed_on(path, module, node))
    ]
    assert silent == []
