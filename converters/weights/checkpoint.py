"""What a file of weights holds: tensors by name, as nested as they are there, and what was passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from caffe_ir.error_kinds.weights import BEYOND_LIMITS
from caffe_ir.errors import Note
from converters.weights.pickle_values import Inert
from converters.weights.pickled_arrays import NumpyArray
from converters.weights.tensors import Nested, Tensor
from converters.weights.unreadable import SAVE_ALONE, Unreadable

DEEPEST = 40
"""Levels of tables within tables, or of modules within modules."""
MOST_VISITED = 1_000_000
"""Values: a pickle can refer to one list so often that nobody could walk through all of it."""
SHOWN = 5


class Checkpoint(Struct, frozen=True, kw_only=True):
    """The tensors of a file, and what is to be said of the rest."""

    tensors: Nested
    notes: tuple[Note, ...] = ()


def checkpoint_of(found: Any) -> Checkpoint:
    """The tensors in what a file holds. Raises Unreadable where it has no end."""
    walk = _Walk()
    tensors = walk.inside(found, "", 0)
    return Checkpoint(tensors=tensors if isinstance(tensors, dict) else {}, notes=tuple(walk.notes()))


class _Walk(Struct):
    """Goes through the values of a file once, and remembers what it could not take."""

    visited: int = 0
    passed: dict[str, list[str]] = field(default_factory=dict)
    """The places of what was passed over, by what it is."""
    parts: dict[str, list[str]] = field(default_factory=dict)
    """The places of objects whose parts were read, by their class."""

    def inside(self, value: Any, path: str, depth: int) -> Tensor | Nested | None:
        """The tensor that a value is, or those that it holds by name."""
        self._visit()
        if isinstance(value, Tensor):
            return value
        if isinstance(value, NumpyArray):
            return self._array(value, path, depth)
        if not isinstance(value, dict | list | tuple | Inert):
            return None
        if depth > DEEPEST:
            self.passed.setdefault(f"what is nested deeper than {DEEPEST} levels", []).append(path)
            return None
        return self._container(value, path, depth)

    def _container(self, value: dict[str, Any] | list[Any] | tuple[Any, ...] | Inert, path: str, depth: int) -> Nested:
        if isinstance(value, Inert):
            return self._object(value, path, depth)
        if isinstance(value, dict):
            return self._table(value, path, depth)
        return self._sequence(value, path, depth)

    def _visit(self) -> None:
        self.visited += 1
        if self.visited > MOST_VISITED:
            raise Unreadable(
                f"refers to its own parts more than {MOST_VISITED:,} times", hint=SAVE_ALONE, kind=BEYOND_LIMITS
            )

    def _table(self, table: Mapping[str, Any], path: str, depth: int) -> Nested:
        kept: Nested = {}
        for key, value in table.items():
            inner = self.inside(value, f"{path}.{key}" if path else key, depth + 1)
            if isinstance(inner, Tensor) or inner:
                kept[key] = inner
        return kept

    def _sequence(self, values: list[Any] | tuple[Any, ...], path: str, depth: int) -> Nested:
        """The tables in a list, by their places; tensors that have a place alone are passed over."""
        tensors = sum(isinstance(value, Tensor | NumpyArray) for value in values)
        if tensors:
            self.passed.setdefault("tensors in a list, without names", []).append(path)
        others = {str(place): value for place, value in enumerate(values) if not isinstance(value, Tensor | NumpyArray)}
        return self._table(others, path, depth)

    def _array(self, array: NumpyArray, path: str, depth: int) -> Tensor | Nested | None:
        if array.tensor is not None:
            return array.tensor
        if len(array.objects) == 1:
            return self.inside(array.objects[0], path, depth + 1)
        self.passed.setdefault(f"numpy.ndarray of {array.dtype}", []).append(path)
        return None

    def _object(self, made: Inert, path: str, depth: int) -> Nested:
        """What an object holds by name: a module its parameters and buffers, any other its entries and attributes."""
        if _is_module(made.state):
            found = self._module(made.state, path, "", depth)
        else:
            state = made.state[1] if isinstance(made.state, tuple) and len(made.state) == 2 else made.state
            attributes = state if isinstance(state, dict) else {}
            found = self._table({**attributes, **made.entries}, path, depth)
        told = self.parts if found else self.passed
        told.setdefault(made.kind, []).append(path)
        return found

    def _module(self, state: Mapping[str, Any], path: str, prefix: str, depth: int) -> Nested:
        """A state_dict, as torch.nn.Module.state_dict makes it: parameters, lasting buffers, then inner modules."""
        self._visit()
        if depth > DEEPEST:
            raise Unreadable(
                f"has modules within modules, more than {DEEPEST} deep", hint=SAVE_ALONE, kind=BEYOND_LIMITS
            )
        found: Nested = {}
        passing = state.get("_non_persistent_buffers_set")
        for group in ("_parameters", "_buffers"):
            for name, value in _items(state.get(group)):
                if group == "_buffers" and isinstance(passing, list) and name in passing:
                    continue
                inner = self.inside(value, f"{path}.{prefix}{name}", depth + 1)
                if isinstance(inner, Tensor):
                    found[prefix + name] = inner
        for name, value in _items(state.get("_modules")):
            if isinstance(value, Inert) and _is_module(value.state):
                found |= self._module(value.state, path, f"{prefix}{name}.", depth + 1)
        return found

    def notes(self) -> Iterator[Note]:
        if self.parts:
            text = f"read from the parts of objects whose code is not run: {_places(self.parts)}"
            yield Note(kind="assumed", text=text)
        if self.passed:
            text = f"passed over in the file, without tensors by name: {_places(self.passed)}"
            yield Note(kind="assumed", text=text)


def _is_module(state: Any) -> bool:
    return isinstance(state, dict) and {"_parameters", "_buffers", "_modules"} <= state.keys()


def _items(table: Any) -> Iterator[tuple[str, Any]]:
    return iter(table.items() if isinstance(table, dict) else ())


def _places(found: Mapping[str, list[str]]) -> str:
    """Each kind with its first places: `argparse.Namespace (args), datetime.datetime (date, saved)`."""
    listed = [f"{kind} ({_few(places)})" for kind, places in found.items()]
    return _few(listed)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(name or "its top" for name in names[:SHOWN]) + more
