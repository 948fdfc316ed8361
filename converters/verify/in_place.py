"""Layers that work in place where Caffe cannot: it stops, or computes something else and says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from caffe_ir.layers import Eltwise
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.shared_memory import SharedMemory
from converters.verify.blame import Fault, place

_REFUSED = ("AbsVal", "Flatten", "Reshape", "Split")
"""What Caffe stops at; other types that cannot work in place are computed wrongly (measured in BVLC Caffe 1.0)."""


def in_place_faults(net: Net) -> Iterator[Fault]:
    """What is wrong with layers whose top has the name of their bottom, though each computes the right thing alone."""
    places, memory = {node.name: number for number, node in enumerate(net.nodes)}, SharedMemory()
    for node in net.nodes:
        memory.step(node)
        if not node.in_place or (node.top in memory.names and _forgets(node)):
            continue
        kind = node.layer.type_name()
        others = [other.name for other in net.consumers(node.bottoms[0]) if other is not node]
        if not _can(node):
            what = f"refuses for {kind}" if kind in _REFUSED else f"computes wrongly for {kind}, without a message"
            yield _fault(node, f"it works in place, which Caffe {what}")
        elif others:
            yield _fault(node, f"it works in place on a blob that {others[0]} reads too, which Caffe refuses")
        elif spoilt := _spoilt(net, node, places):
            yield _fault(node, f"it works in place on memory that other layers see: in Caffe it changes {spoilt}")


def _forgets(node: Node) -> bool:
    """Whether it does not read what it overwrites: a way to write weights at run time (caffe_ir/shared_memory.py)."""
    return isinstance(node.layer, Eltwise) and node.layer.takes_one and node.layer.coeff[0] == 0


def _can(node: Node) -> bool:
    return node.layer.works_in_place


def _spoilt(net: Net, node: Node, places: Mapping[str, int]) -> str:
    """What a layer overwrites besides its own bottom, by a view (Reshape and the like) of the same memory."""
    root = node.bottoms[0]
    while (maker := net.producer(root)).bottoms and (maker.in_place or maker.layer.is_view):
        root = maker.bottoms[0]
    if maker.layer.is_view:
        return "the weights, at every run"
    for blob in _views(net, root):
        readers = net.consumers(blob)
        late = [reader.name for reader in readers if places[reader.name] > places[node.name]]
        if late:
            return f"what {late[0]} reads"
        if not readers:
            return f"the output {blob}"
    return ""


def _views(net: Net, blob: str) -> Iterator[str]:
    """A blob and all that share its memory."""
    yield blob
    for reader in net.consumers(blob):
        if reader.layer.is_view:
            for top in reader.tops:
                yield from _views(net, top)


def _fault(node: Node, text: str) -> Fault:
    return Fault(layer=node.name, kind="in place", text=text, written=place(node))
