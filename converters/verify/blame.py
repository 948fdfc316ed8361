"""What is wrong with the layers that make a value: a missing or a further one, other parameters, weights or bottoms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.verify.weights import other_weights

Kind = Literal[
    "missing layer",
    "further layer",
    "type",
    "geometry",
    "input",
    "weights",
    "output",
    "in place",
    "file",
    "heads",
    "meaning",
]


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong: the Caffe layer, what it is to blame for, and both places to look at.

    `layer` is empty where the file as a whole is meant.
    `written` is the line of the prototxt, `source` that of the user's own file. `numbers` says that the layer is the
    right one in its right place, with a number in its parameters or weights that is not the source's.
    """

    layer: str
    kind: Kind
    text: str
    value: str = ""
    source: str = ""
    written: str = ""
    numbers: bool = False

    def __str__(self) -> str:
        places = " <- ".join(place for place in (self.written, self.source) if place)
        text = f"{self.layer}: {self.text}" if self.layer else self.text
        return text + (f" ({places})" if places else "")


def differences(expected: Net, net: Net, *, weights: bool = True) -> dict[str, list[Fault]]:
    """How the layers of a net differ from those that the converter writes: by their names, in the order of the net."""
    ours, theirs = ({node.name: node for node in reversed(one.nodes)} for one in (net, expected))
    found = {name: list(_faults(ours.get(name), theirs.get(name), weights)) for name in in_order(net, expected)}
    return {name: faults for name, faults in found.items() if faults}


def in_order(net: Net, expected: Net) -> Iterator[str]:
    """All names of layers in the order of the net; those that it lacks stand before the next one that both have."""
    ours, theirs = (dict.fromkeys(node.name for node in one.nodes) for one in (net, expected))
    rest = iter(theirs)
    given: set[str] = set()
    for name in ours:
        if name in theirs and name not in given:
            for other in rest:
                given.add(other)
                if other == name:
                    break
                if other not in ours:
                    yield other
        yield name
    yield from (other for other in rest if other not in ours)


def _faults(node: Node | None, expected: Node | None, weights: bool) -> Iterator[Fault]:
    """What is wrong with one layer: that it is there or not, its type, or all else that differs."""
    if node is None:
        assert expected is not None
        text = f"the {expected.layer.type_name()} that belongs here is missing: {expected.layer}"
        yield Fault(layer=expected.name, kind="missing layer", text=text, source=str(expected.origin))
        return
    if expected is None:
        text = f"this {node.layer.type_name()} does not belong here"
        yield Fault(layer=node.name, kind="further layer", text=text, written=place(node))
        return
    for kind, text, numbers in _differences(node, expected, weights):
        yield Fault(
            layer=node.name, kind=kind, text=text, numbers=numbers, source=str(expected.origin), written=place(node)
        )


def _differences(node: Node, expected: Node, weights: bool) -> Iterator[tuple[Kind, str, bool]]:
    """Of which kind, in words, and whether it is a number alone that differs."""
    if node.layer.type_name() != expected.layer.type_name():
        yield "type", f"type is {node.layer.type_name()} where {expected.layer.type_name()} belongs", False
        return
    found, wanted = node.layer.spelled(), expected.layer.spelled()
    if names := other_parameters(found, wanted):
        told = [f"{name} is {_shown(found, name)} where {_shown(wanted, name)} belongs" for name in names]
        yield "geometry", ", ".join(told), any(_is_real(getattr(expected.layer, name, None)) for name in names)
    if node.bottoms != expected.bottoms:
        text = f"it reads {', '.join(node.bottoms)} where {', '.join(expected.bottoms)} belongs"
        yield "input", text, False
    if not weights:
        return
    shapes, due = ([blob.shape for blob in one.blobs] for one in (node, expected))
    if shapes != due:
        yield "weights", f"weights of the shapes {shapes} where {due} belong", False
    elif told_weights := _other_weights(node, expected):
        yield "weights", told_weights, True


def place(node: Node) -> str:
    """Where a layer of a pair of files begins, as FILE:LINE, or FILE alone where no line is known."""
    return f"{node.origin.file}:{node.origin.line}" if node.origin.line is not None else node.origin.file


def other_parameters(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """The names of the parameters that differ; floating point numbers are compared as Caffe's float32 holds them."""
    names = [*expected, *(name for name in found if name not in expected)]
    return [name for name in names if not _same(found.get(name), expected.get(name))]


def _is_real(value: Any) -> bool:
    """Whether a parameter is a measure, as an eps or a slope is, and no count, size or choice."""
    return isinstance(value, float) or (isinstance(value, tuple) and any(map(_is_real, value)))


def _shown(spelled: dict[str, Any], name: str) -> str:
    return str(spelled[name]) if name in spelled else "not written"


def _same(found: Any, expected: Any) -> bool:
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return bool(np.float32(found) == np.float32(expected))
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(_same, found, expected))
    return bool(found == expected)


def _other_weights(node: Node, expected: Node) -> str:
    told = [
        f"weights {number} ({'x'.join(map(str, held.shape))}) {seen}"
        for number, (held, wanted) in enumerate(zip(node.blobs, expected.blobs, strict=True))
        if (seen := other_weights(held, wanted))
    ]
    return ", ".join(told)


def alike(faults: Iterable[Fault]) -> list[list[Fault]]:
    """The faults of which the same is said together, in the order of the first of each."""
    groups: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.kind, fault.text), []).append(fault)
    return list(groups.values())
