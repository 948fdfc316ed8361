"""What a Caffe net is compared with: a source that computes its values, and the net that it ought to have become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Array, Shape
from caffe_ir.errors import Origin
from caffe_ir.inputs_read import inputs_read
from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.reference import walk
from converters.verify.matching import Makers

Feeds = Mapping[str, Array]
"""The inputs by their names in the Caffe net, and in its order."""
Values = Iterator[tuple[str, Array | None]]
"""The values of a source under its own names, in the order in which they are computed; None where a program cannot
give one any more."""


class Reference(Struct, frozen=True, kw_only=True):
    """A program that computes what the source means; `tolerance` is what its own rounding may cost a single layer.

    `required` says that the net cannot be called right without it.
    """

    name: str
    title: str
    values: Callable[[Feeds], Values]
    tolerance: float
    precision: Literal["float32", "float64"]
    required: bool = True


class Source(Struct, frozen=True, kw_only=True):
    """`expected` is the Caffe net as the converter would write it today; its `values` say which blob holds what.

    `origins` says where in the user's files a value is computed, `meant` how the source's own layer reads.
    """

    title: str
    expected: Net
    references: tuple[Reference, ...]
    origins: Mapping[str, Origin] = field(default_factory=dict)
    meant: Mapping[str, str] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    """The inputs that take whole numbers: places in a table, truth values."""
    beside: Mapping[str, str | None] = field(default_factory=dict)
    """The texts that the converter writes beside the two files, by their endings; None where it writes none."""


MEANING = 1e-6
"""The largest relative error of one layer in float64: that of stored weights, rounded to float32."""


def embedded_reference(
    net: Net, title: str = "the source's layers as this program reads them, in float64"
) -> Reference:
    """The embedded engine as the reference of its own net of exact-source layers (or of any other)."""

    def values(feeds: Feeds) -> Values:
        return embedded(net, dict(zip(inputs_of(net), feeds.values(), strict=True)))

    return Reference(name="embedded", title=title, values=values, tolerance=MEANING, precision="float64")


def embedded(net: Net, feeds: Feeds, dtype: type[np.floating] = np.float64) -> Values:
    """The values of a net under the source's names, as the embedded engine computes them."""
    names = held_by_blob(net.values.items())
    for node, tops in walk(net, feeds, dtype):
        for top, array in zip(node.tops, tops, strict=True):
            for value in names.get(top, ()):
                yield value, array


def source_of(title: str, meant: Net, expected: Net, references: Iterable[Reference] = ()) -> Source:
    """A source that is a net of exact-source layers; without other references the embedded engine is the only one."""
    producers = {top: node for node in meant.nodes for top in node.tops}
    makers, known = Makers(meant), {*meant.values.values(), *inputs_of(meant)}
    return Source(
        title=title,
        expected=expected,
        references=tuple(
            behind(reference, meant, expected) for reference in tuple(references) or (embedded_reference(meant),)
        ),
        origins={value: producers[blob].origin for value, blob in meant.values.items()},
        meant={
            value: ", ".join(str(node.layer) for node in makers.of(blob, known)) for value, blob in meant.values.items()
        },
    )


def behind(reference: Reference, meant: Net, expected: Net) -> Reference:
    """The reference of a source, fed with the inputs of the Caffe net that it ought to have become.

    Where that takes a picture's bytes the source gets what it makes of them; an input that it has no more, since only
    its size counts, is zeros.
    """
    taken, spare = expected.taken, _inputs_that_went(meant, expected)
    if taken is None and not spare:
        return reference
    read = {node.top for node in inputs_read(expected)}
    pictures = [taken is not None and name in read for name in inputs_of(expected)]

    def values(feeds: Feeds) -> Values:
        given = iter(
            taken.applied(array) if taken and picture else array
            for array, picture in zip(feeds.values(), pictures, strict=True)
        )
        return reference.values(
            {
                name: np.zeros(shape, np.float32) if name in spare else next(given)
                for name, shape in inputs_of(meant).items()
            }
        )

    return replace(reference, values=values)


def _inputs_that_went(meant: Net, expected: Net) -> frozenset[str]:
    """The inputs of a source that its Caffe net does not have; the others may have other names there."""
    kept = {node.origin for node in expected.nodes if isinstance(node.layer, Input)}
    gone = (node for node in meant.nodes if isinstance(node.layer, Input) and node.origin not in kept)
    return frozenset(top for node in gone for top in node.tops)


def held_by_blob(values: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The names of the values that each blob holds."""
    names: dict[str, list[str]] = {}
    for value, blob in values:
        names.setdefault(blob, []).append(value)
    return names


def inputs_of(net: Net) -> dict[str, Shape]:
    """The inputs of a net and their shapes."""
    return {top: net.shapes[top] for node in net.nodes if isinstance(node.layer, Input) for top in node.tops}


class ReferenceFailed(Exception):
    """A reference cannot run its source; the message says why."""


class Supply(Struct, kw_only=True):
    """Values of a source on demand; those that come before they are wanted wait, those that nobody wants are let go.

    `wanted` counts how often each is wanted.
    """

    stream: Values
    wanted: Counter[str]
    waiting: dict[str, Array | None] = field(default_factory=dict)

    def take(self, value: str) -> Array | None:
        """The value, or None where the source does not compute it or cannot give it."""
        while value not in self.waiting:
            found = next(self.stream, None)
            if found is None:
                return None
            name, array = found
            if self.wanted[name]:
                self.waiting[name] = array
        self.wanted[value] -= 1
        return self.waiting[value] if self.wanted[value] else self.waiting.pop(value)
