"""The layers of a net that take weights: each alone, or BatchNorm with the Scale behind it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.transplant import NOT_FILLED, SHARED_WEIGHTS
from caffe_ir.errors import Problems
from caffe_ir.layers import BatchNorm, InnerProduct, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node

ReceiverKind = Literal["filter", "norm", "plain", "lstm"]
KINDS: dict[str, ReceiverKind] = {
    "Convolution": "filter",
    "Deconvolution": "filter",
    "InnerProduct": "filter",
    "Embed": "filter",
    "BatchNorm": "norm",
    "PReLU": "plain",
    "Bias": "plain",
    "Parameter": "plain",
    "LSTM": "lstm",
}
"""How the layers that have weights are filled; a Scale is filled as the norm or the plain factor that it is."""


class Receiver(Struct, frozen=True, kw_only=True, eq=False):
    """What one module fills. `behind` is the filter whose top it reads directly, `feeder` the one before it, if one."""

    kind: ReceiverKind
    place: int
    nodes: tuple[Node, ...]
    before: frozenset[int]
    """The places of the receivers that run before it because it depends on them."""
    behind: int | None
    feeder: int | None

    @property
    def name(self) -> str:
        return self.nodes[0].name

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(node.name for node in self.nodes)

    @property
    def shape(self) -> Shape:
        """The shape of the weights as PyTorch orders them: (outputs, inputs, ...) of a matrix, also if transposed."""
        layer, shape = self.nodes[0].layer, self.nodes[0].blobs[0].shape
        return shape[::-1] if isinstance(layer, InnerProduct) and layer.transpose else shape

    @property
    def has_bias(self) -> bool:
        return len(self.nodes[0].blobs) > 1

    def __str__(self) -> str:
        kinds = " + ".join(node.layer.type_name() for node in self.nodes)
        return f"{' + '.join(self.names)} ({kinds}, {list(self.shape)})"


def receivers_of(net: Net, *, without: Collection[str] = ()) -> tuple[list[Receiver], dict[str, str]]:
    """The receivers in the net's order, and the layers that share another's weights, by name, with that layer.

    Layers `without` which they are to be are passed over.

    Raises ConversionError on layers whose weights no PyTorch module has, or which share only some of them.
    """
    problems, followers = Problems(), _followers(net, without)
    found: list[Receiver] = []
    ancestors: dict[str, frozenset[int]] = {}
    feeders: dict[str, int | None] = {}
    direct: dict[str, int] = {}
    taken: dict[str, int] = {}
    for node in net.nodes:
        above = frozenset[int]().union(*(ancestors[bottom] for bottom in node.bottoms))
        feeder = feeders[node.bottoms[0]] if len(node.bottoms) == 1 else None
        if node.blobs and node.name not in followers and node.name not in taken and node.name not in without:
            kind = _kind(node)
            if kind is None:
                problems.add(
                    f"no module of PyTorch fits {node.name} ({node.layer.type_name()})",
                    origin=node.origin,
                    kind=NOT_FILLED,
                )
                kind = "plain"
            nodes = (node, *_scale_behind(net, node))
            behind = direct.get(node.bottoms[0]) if node.bottoms else None
            own = Receiver(kind=kind, place=len(found), nodes=nodes, before=above, behind=behind, feeder=feeder)
            found.append(own)
            taken.update({each.name: own.place for each in nodes})
        if node.name in taken:
            above |= {taken[node.name]}
            if found[taken[node.name]].kind == "filter":
                feeder = taken[node.name]
                direct.update(dict.fromkeys(node.tops, feeder))
        ancestors.update(dict.fromkeys(node.tops, above))
        feeders.update(dict.fromkeys(node.tops, feeder))
    _refuse_partly_shared(net, {*followers, *without}, problems)
    problems.raise_if_any()
    return found, followers


def _kind(node: Node) -> ReceiverKind | None:
    if isinstance(node.layer, Scale):
        if len(node.bottoms) != 1:
            return "plain"
        return "norm" if node.layer.bias_term and len(node.blobs[0].shape) == 1 else "plain"
    return KINDS.get(node.layer.type_name())


def _scale_behind(net: Net, node: Node) -> tuple[Node, ...]:
    """The Scale by channels that alone reads a BatchNorm: the other half of PyTorch's."""
    if not isinstance(node.layer, BatchNorm):
        return ()
    readers = net.consumers(node.top)
    if len(readers) != 1 or not isinstance(readers[0].layer, Scale) or len(readers[0].bottoms) != 1:
        return ()
    return (readers[0],) if readers[0].blobs[0].shape == node.blobs[0].shape and readers[0].layer.axis == 1 else ()


def _followers(net: Net, without: Collection[str]) -> dict[str, str]:
    """Layers all of whose weights are an earlier layer's, by `param { name }`."""
    owners: dict[tuple[str, ...], str] = {}
    found = {}
    for node in net.nodes:
        if node.blobs and len(node.param_names) == len(node.blobs) and node.name not in without:
            owner = owners.setdefault(node.param_names, node.name)
            if owner != node.name:
                found[node.name] = owner
    return found


def _refuse_partly_shared(net: Net, followers: Collection[str], problems: Problems) -> None:
    seen: dict[str, str] = {}
    for node in net.nodes:
        if node.name in followers or not node.blobs:  # what is written at run time is filled by nobody
            continue
        for name in node.param_names:
            owner = seen.setdefault(name, node.name)
            if owner != node.name:
                what = f"{node.name} shares only some of its weights with {owner} ({name})"
                problems.add(
                    what, hint="share all of a layer's weights, or none", origin=node.origin, kind=SHARED_WEIGHTS
                )
