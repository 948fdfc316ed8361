"""What a net is made of, layer by layer, and what it takes to run: shapes, parameters, multiply-adds, memory."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from msgspec import Struct

from caffe_ir.blob import Blob, Shape
from caffe_ir.cost import FLOAT, PRODUCTS, work
from caffe_ir.memory import kept, made, shares
from caffe_ir.net import Net
from caffe_ir.node import Node


class Row(Struct, frozen=True, kw_only=True):
    """One layer. `memory` are the bytes of the blobs that it makes: none where it works in place, or only views one.

    `working` are those that it keeps for itself in Caffe, as the columns of a convolution."""

    name: str
    type: str
    bottoms: tuple[str, ...]
    shapes: tuple[Shape, ...]
    """Those of its tops."""
    parameters: int
    """Numbers of its weights; 0 for those that an earlier layer shares with it."""
    multiply_adds: int
    products: int
    """Those of them in convolutions, inner products and recurrent layers: what other programs count."""
    memory: int
    working: int


class Summary(Struct, frozen=True, kw_only=True):
    """The layers of a net in its order; `peak` are the bytes of blobs that are needed at the same time."""

    name: str
    rows: tuple[Row, ...]
    peak: int

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        return sum(row.multiply_adds for row in self.rows)

    @property
    def products(self) -> int:
        return sum(row.products for row in self.rows)

    @property
    def memory(self) -> int:
        """Bytes of all blobs together, all of which Caffe allocates."""
        return sum(row.memory for row in self.rows)

    @property
    def working(self) -> int:
        """Bytes that the layers keep for themselves in Caffe."""
        return sum(row.working for row in self.rows)


def summary(net: Net) -> Summary:
    """The summary of a net. Multiply-adds are counted as `caffe_ir.cost` does, functions such as exp with a factor."""
    return Summary(name=net.name, rows=tuple(_rows(net)), peak=_peak(net))


def _rows(net: Net) -> Iterator[Row]:
    shared, memory = set[str](), made(net)
    for node in net.nodes:
        count = round(work(node.layer, net.shapes_of(node.bottoms)).computed)
        yield Row(
            name=node.name,
            type=node.layer.type_name(),
            bottoms=node.bottoms,
            shapes=net.shapes_of(node.tops),
            parameters=sum(blob.count for blob in _new_blobs(node, shared)),
            multiply_adds=count,
            products=count if isinstance(node.layer, PRODUCTS) else 0,
            memory=memory[node],
            working=kept(net, node),
        )


def _new_blobs(node: Node, shared: set[str]) -> Iterator[Blob]:
    """The weights that no earlier layer has; `shared` are the names of those so far."""
    for place, blob in enumerate(node.blobs):
        name = node.param_names[place] if place < len(node.param_names) else ""
        if name not in shared:
            yield blob
        if name:
            shared.add(name)


def _bytes(net: Net, blob: str) -> int:
    return FLOAT * prod(net.shapes[blob])


def _peak(net: Net) -> int:
    """The most bytes that are in use while one layer runs: of blobs that are still to be read, and those it makes."""
    holder = dict[str, str]()  # the blob in whose memory each one lies
    last = dict[str, int]()
    for place, node in enumerate(net.nodes):
        for bottom in node.bottoms:
            last[holder[bottom]] = place
        for top in node.tops:
            holder[top] = holder[node.bottoms[0]] if shares(node) else top
            last[holder[top]] = max(place, last.get(holder[top], place))
    for output in net.outputs:
        last[holder[output]] = len(net.nodes)
    ends = [set[str]() for _ in range(len(net.nodes) + 1)]
    for blob, place in last.items():
        ends[place].add(blob)
    now = peak = 0
    for node, ended in zip(net.nodes, ends, strict=False):
        now += sum(_bytes(net, top) for top in node.tops if holder[top] == top)
        peak = max(peak, now)
        now -= sum(_bytes(net, blob) for blob in ended)
    return peak
