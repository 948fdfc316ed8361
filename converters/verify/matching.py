"""Which blob of a Caffe net holds which value of the source.

The net that the converter would write today says it by name, and a pair of files has the same names. Layers that were
taken out, or renamed by hand, leave values without a blob: those are harmless where a later value is compared that
depends on them, for then their effect is.

An output has its value twice where a layer behind it works in place: the value must be what its own layer makes, and
still be there, under the output's name, after the last layer.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from msgspec import Struct

from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.verify.outputs import last_states, promised


class Matches(Struct, frozen=True, kw_only=True):
    """`held` says which value a blob of the Caffe net holds, in the order of the net; inputs are left out.

    `late` are those that an output ought to hold at the end, in another blob than the value's own: what `held` calls
    them, and the value. `missing` are values of the converter's own net whose blob the files do not have, and on which
    no compared one depends.
    """

    held: dict[str, str]
    missing: tuple[str, ...]
    late: dict[str, str]

    def value(self, label: str) -> str:
        """The source's name of the value that a blob with this label holds."""
        return self.late.get(label, label)


def matches(expected: Net, net: Net) -> Matches:
    """Match by the names of blobs; of several values in one blob the first stands for all."""
    inputs = {top for node in expected.nodes if isinstance(node.layer, Input) for top in node.tops}
    wanted: dict[str, str] = {}
    for value, blob in expected.values.items():
        if blob not in inputs:
            wanted.setdefault(blob, value)
    outputs = promised(expected)
    written = {top for node in net.nodes if not isinstance(node.layer, Input) for top in node.tops}
    labels, late = dict(wanted), dict[str, str]()
    for name, blob in last_states(net).items():
        output = outputs.get(name)
        if output is None or output.blob not in wanted or output.blob == blob:
            continue
        value = wanted[output.blob]
        labels[blob] = f"{name} (output)" if output.blob in written else value
        late[labels[blob]] = value
    held = {top: labels[top] for node in net.nodes for top in node.tops if top in written and top in labels}
    covered = upstream(expected, (expected.values[late.get(label, label)] for label in held.values()))
    missing = tuple(value for blob, value in wanted.items() if blob not in covered)
    return Matches(held=held, missing=missing, late=late)


def upstream(net: Net, blobs: Iterable[str]) -> set[str]:
    """All blobs that some of these depend on, and these."""
    found = set(blobs)
    for node in reversed(net.nodes):
        if found.intersection(node.tops):
            found.update(node.bottoms)
    return found


class Makers:
    """The layers of a net, found by what they write."""

    def __init__(self, net: Net) -> None:
        self._writing = {top: (place, node) for place, node in enumerate(net.nodes) for top in node.tops}

    def of(self, blob: str, known: Container[str]) -> list[Node]:
        """The layers that make a blob out of others that are known, in the order of the net."""
        found: dict[int, Node] = {}
        left = [blob]
        while left:
            place, node = self._writing[left.pop()]
            if place not in found:
                found[place] = node
                left += [bottom for bottom in node.bottoms if bottom not in known or bottom == blob]
        return [found[place] for place in sorted(found)]
