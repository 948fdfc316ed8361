"""What is wrong with the layers that make a value: a missing or a further one, other parameters, weights or bottoms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array
from caffe_ir.net import Net, Node

Kind = Literal["missing layer", "further layer", "type", "geometry", "input", "weights", "output", "meaning"]


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong: the Caffe layer, what it is to blame for, and both places to look at.

    `written` is the line of the prototxt, `source` that of the user's own file.
    """

    layer: str
    kind: Kind
    text: str
    value: str = ""
    source: str = ""
    written: str = ""

    def __str__(self) -> str:
        places = " <- ".join(place for place in (self.written, self.source) if place)
        return f"{self.layer}: {self.text}" + (f" ({places})" if places else "")


def faults(expected: Net, net: Net, names: Iterable[str], *, weights: bool = True) -> Iterator[Fault]:
    """How the layers of these names differ from what the converter would write, in the order of the net."""
    wanted = set(names)
    ours, theirs = ({node.name: node for node in one.nodes} for one in (net, expected))
    for name in _merged(list(ours), list(theirs)):
        if name not in wanted:
            continue
        found = _fault(ours.get(name), theirs.get(name), weights)
        if found is not None:
            yield found


def _merged(ours: list[str], theirs: list[str]) -> Iterator[str]:
    """All names in the order of the net; those that only the other has stand before the next one that both have."""
    present, rest = set(ours), iter(theirs)
    given: set[str] = set()
    for name in ours:
        if name in theirs and name not in given:
            for other in rest:
                given.add(other)
                if other == name:
                    break
                if other not in present:
                    yield other
        yield name
    yield from (other for other in rest if other not in present)


def _fault(node: Node | None, expected: Node | None, weights: bool) -> Fault | None:
    if node is None:
        assert expected is not None
        text = f"the {expected.layer.type_name()} that belongs here is missing: {expected.layer}"
        return Fault(layer=expected.name, kind="missing layer", text=text, source=str(expected.origin))
    if expected is None:
        text = f"a {node.layer.type_name()} that does not belong here"
        return Fault(layer=node.name, kind="further layer", text=text, written=place(node))
    told = _difference(node, expected, weights)
    if told is None:
        return None
    kind, text = told
    return Fault(layer=node.name, kind=kind, text=text, source=str(expected.origin), written=place(node))


def _difference(node: Node, expected: Node, weights: bool) -> tuple[Kind, str] | None:
    if node.layer.type_name() != expected.layer.type_name():
        return "type", f"a {node.layer.type_name()} where a {expected.layer.type_name()} belongs"
    if parameters := other_parameters(node.layer.spelled(), expected.layer.spelled()):
        return "geometry", parameters
    if node.bottoms != expected.bottoms:
        return "input", f"it reads {', '.join(node.bottoms)} where {', '.join(expected.bottoms)} belongs"
    if weights and (told := _other_weights(node, expected)):
        return "weights", told
    return None


def place(node: Node) -> str:
    """Where a layer of a pair of files begins."""
    return f"{node.origin.file}:{node.origin.line}" if node.origin.line is not None else node.origin.file


def other_parameters(found: dict[str, Any], expected: dict[str, Any]) -> str:
    """The parameters that differ, told one by one; floating point numbers as Caffe's float32 holds them."""
    names = [*expected, *(name for name in found if name not in expected)]
    told = [
        f"{name} is {_shown(found, name)} where {_shown(expected, name)} belongs"
        for name in names
        if not _same(found.get(name), expected.get(name))
    ]
    return ", ".join(told)


def _shown(spelled: dict[str, Any], name: str) -> str:
    return str(spelled[name]) if name in spelled else "not written"


def _same(found: Any, expected: Any) -> bool:
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return bool(np.float32(found) == np.float32(expected))
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(_same, found, expected))
    return bool(found == expected)


def _other_weights(node: Node, expected: Node) -> str:
    held, wanted = ([blob.shape for blob in one.blobs] for one in (node, expected))
    if held != wanted:
        return f"weights of the shapes {held} where {wanted} belong"
    told = [
        f"weights {number} ({'x'.join(map(str, ours.shape))}) {seen}"
        for number, (ours, theirs) in enumerate(zip(node.blobs, expected.blobs, strict=True))
        if (seen := changed(ours.load(), theirs.load()))
    ]
    return ", ".join(told)


def changed(found: Array, expected: Array) -> str:
    """How weights differ from those that belong there; empty where they agree to the rounding of float32."""
    wanted = np.asarray(expected, np.float32)
    with np.errstate(invalid="ignore"):
        other = ~np.isclose(found, wanted, rtol=1e-6, atol=1e-30, equal_nan=True)
    count = int(other.sum())
    if not count:
        return ""
    if not np.all(np.isfinite(found) | ~np.isfinite(wanted)):
        return f"hold {int((~np.isfinite(found)).sum())} numbers that are none (NaN or infinity)"
    if not found.any():
        return "are all zero"
    if np.array_equal(np.sort(found, axis=None), np.sort(wanted, axis=None)):
        axes = _axes(found, wanted)
        where = f"their axes are in another order: {axes}" if axes else f"{count} of {found.size} elsewhere"
        return f"are the right numbers in another order ({where})"
    factor = _factor(found, wanted)
    if factor is not None:
        return f"are {factor:.6g} times what they ought to be"
    worst = float(np.nanmax(np.abs(found - wanted)))
    return f"differ in {count} of {found.size} numbers, by up to {worst:.3g}"


def _axes(found: Array, wanted: Array) -> str:
    """The order of axes that turns the wanted weights into these, also where their shape had to be kept."""
    axes = [axis for axis in range(wanted.ndim) if wanted.shape[axis] > 1]
    for order in permutations(axes):
        full = list(range(wanted.ndim))
        for axis, moved in zip(axes, order, strict=True):
            full[axis] = moved
        if full != sorted(full) and np.array_equal(wanted.transpose(full).ravel(), found.ravel()):
            return str(tuple(full))
    return ""


def _factor(found: Array, wanted: Array) -> float | None:
    there = wanted != 0
    if not there.any() or found[~there].any():
        return None
    ratios = found[there].astype(np.float64) / wanted[there]
    middle = float(np.median(ratios))
    return middle if np.allclose(ratios, middle, rtol=1e-5, atol=0) else None
