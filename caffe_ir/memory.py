"""What Caffe will hold in memory for a net: its blobs and its weights, in float32.

A blob has memory of its own, but for these (facts of BVLC Caffe 1.0):

- a layer in place has its bottom for its top (net.cpp, AppendTop);
- Reshape, Flatten, Split, a Concat of one bottom and a Slice into one top hand their bottom's memory on (ShareData);
- the top of a Parameter is its weights (parameter_layer.hpp), and weights of one name are one memory (net.cpp).

The gradients of a blob (`diff`) are never touched at inference, and memory that is not touched is not there
(syncedmem.cpp). What a layer needs for itself while it runs is left out: the columns of a convolution, a few rows
elsewhere.
"""

from __future__ import annotations

from math import prod

from msgspec import Struct

from caffe_ir.cost import FLOAT
from caffe_ir.layers import Concat, Slice
from caffe_ir.net import Net
from caffe_ir.node import Node


class Held(Struct, frozen=True, kw_only=True):
    """Bytes of all blobs, and of all weights; `by_layer` has the layers that need memory for blobs, the most first."""

    blobs: int
    weights: int
    by_layer: tuple[tuple[Node, int], ...]


def held(net: Net) -> Held:
    """What a net takes in Caffe once it has run."""
    own = {node: made(net, node) for node in net.nodes}
    largest = sorted(own.items(), key=lambda one: -one[1])
    return Held(blobs=sum(own.values()), weights=_weights(net), by_layer=tuple(one for one in largest if one[1]))


def made(net: Net, node: Node) -> int:
    """The bytes of the blobs that a node makes: none where they lie in memory that was there before."""
    return 0 if shares(node) else FLOAT * sum(prod(net.shapes[top]) for top in node.tops)


def shares(node: Node) -> bool:
    """Whether the tops of a node are memory that was there before."""
    alone = isinstance(node.layer, Concat | Slice) and len(node.bottoms) == len(node.tops) == 1
    return node.in_place or node.layer.is_view or alone


def _weights(net: Net) -> int:
    found, total = set[str](), 0
    for node in net.nodes:
        shapes = node.layer.blob_shapes(net.shapes_of(node.bottoms))
        names = node.param_names + ("",) * (len(shapes) - len(node.param_names))
        for name, shape in zip(names, shapes, strict=True):
            if not name or name not in found:
                total += FLOAT * prod(shape)
            found.add(name)
    return total
