"""What a handler reads and builds, read off its source: its own body and those of the functions that it leads to."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import FunctionType
from typing import Any

from caffe_ir.layer import Layer


def bodies(function: Callable[..., Any], rooms: tuple[str, ...]) -> Iterator[tuple[ast.AST, Callable[[str], Any]]]:
    """The syntax tree of each function that `function` leads to inside these packages, with what its names mean."""
    waiting, seen = [*_functions(function)], set()
    while waiting:
        one = waiting.pop()
        if one.__code__ in seen or not one.__module__.startswith(rooms):
            continue
        seen.add(one.__code__)
        tree, meaning = _tree(one), _meaning(one)
        yield tree, meaning
        for name in _names(tree):
            waiting += _functions(meaning(name))


def layers_built(function: Callable[..., Any], rooms: tuple[str, ...]) -> list[str]:
    """The names of the layer classes that it builds."""
    found = set()
    for given in _arguments(function):
        found |= _layers(given)
    for tree, meaning in bodies(function, rooms):
        for name in _names(tree):
            found |= _layers(meaning(name))
    return sorted(found, key=str.lower)


def strings(function: Callable[..., Any], rooms: tuple[str, ...]) -> set[str]:
    """All text constants in its bodies."""
    return {
        node.value
        for tree, _ in bodies(function, rooms)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } | {given for given in _arguments(function) if isinstance(given, str)}


def calls(tree: ast.AST) -> Iterator[tuple[str, list[ast.expr]]]:
    """Every call of a method in a tree: its name and its positional arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node.args


def first_sentence(function: Callable[..., Any]) -> str:
    """Of the docstring of a function, or of that behind a partial."""
    text = inspect.getdoc(function.func if isinstance(function, partial) else function) or ""
    paragraph = " ".join(text.split("\n\n")[0].split())
    return "" if paragraph.startswith(("partial(", "Create a new function")) else paragraph


def _functions(value: Any) -> list[FunctionType]:
    """The functions in a value of a module: itself, what a partial calls and is given, what a cache wraps."""
    if isinstance(value, partial):
        return [found for one in (value.func, *_arguments(value)) for found in _functions(one)]
    if isinstance(value, functools._lru_cache_wrapper):
        return _functions(value.__wrapped__)
    return [value] if isinstance(value, FunctionType) else []


def _arguments(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, partial):
        return ()
    return tuple(one for given in (*value.args, *value.keywords.values()) for one in _flat(given))


def _flat(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _layers(value: Any) -> set[str]:
    kinds = [one if isinstance(one, type) else type(one) for one in _flat(value)]
    return {kind.__name__ for kind in kinds if issubclass(kind, Layer) and kind.__name__ not in _ABSTRACT}


_ABSTRACT = ("Layer", "CaffeLayer")


def _meaning(function: FunctionType) -> Callable[[str], Any]:
    held = dict(
        zip(function.__code__.co_freevars, (cell.cell_contents for cell in function.__closure__ or ()), strict=True)
    )
    return lambda name: held.get(name, function.__globals__.get(name))


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _tree(function: FunctionType) -> ast.AST:
    code = function.__code__
    return _of_file(code.co_filename)[code.co_firstlineno]


@cache
def _of_file(file: str) -> dict[int, ast.AST]:
    """The functions of a module by the line that they begin at, that of their decorators."""
    found: dict[int, ast.AST] = {}
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            lines = [one.lineno for one in getattr(node, "decorator_list", ())]
            body = node.body if isinstance(node, ast.FunctionDef) else [node.body]
            found[min([node.lineno, *lines])] = ast.Module(body=body, type_ignores=[])
    return found
