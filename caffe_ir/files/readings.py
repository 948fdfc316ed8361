"""What other readers of Caffe files make of a net as it is written for one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from caffe_ir.files.spelling import misspelled, written
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets.limits import EFFECTS, Effect
from caffe_ir.targets.target import Target, Verdict

Fault = tuple[Node, Verdict]


class Reading(Struct, frozen=True, kw_only=True):
    """The layers that a reader refuses, gets wrong or computes slowly, and why; none where it knows no fault."""

    reader: Target
    faults: tuple[Fault, ...] = ()

    @property
    def effect(self) -> Effect | None:
        """The worst that it makes of a layer: a file is refused with one of its layers."""
        return min((verdict.effect for _, verdict in self.faults), key=EFFECTS.index, default=None)


def readings(net: Net, target: Target, readers: Iterable[Target]) -> Iterator[Reading]:
    """What each reader makes of the net in a file that is written for `target`."""
    texts = {node.layer: written(node.layer, target) for node in net.nodes}
    for reader in readers:
        faults = list(reader.verdicts(net))
        refused = {node.name for node, verdict in faults if verdict.effect == "refused"}
        spelled = {layer: list(misspelled(layer.type_name(), text, reader)) for layer, text in texts.items()}
        faults += [(node, verdict) for node in net.nodes if node.name not in refused for verdict in spelled[node.layer]]
        yield Reading(reader=reader, faults=tuple(faults))
