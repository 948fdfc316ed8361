"""What Caffe will hold in memory for a net: blobs, weights, and what its layers keep for themselves, in float32.

A blob has memory of its own, but for these (facts of BVLC Caffe 1.0):

- a layer in place has its bottom for its top (net.cpp, AppendTop);
- Reshape, Flatten, Split, a Concat of one bottom and a Slice into one top hand their bottom's memory on (ShareData);
- the top of a Parameter is its weights (parameter_layer.hpp), and weights of one name are one memory (net.cpp). They
  count as that blob, as do the K and V of attention that products read as weights.

The gradients of a blob (`diff`) are never touched at inference, and memory that is not touched is not there
(syncedmem.cpp). What a layer keeps for itself, as the columns of a convolution, is counted apart (working_memory).
"""

from __future__ import annotations

from math import prod

from msgspec import Struct

from caffe_ir.cost import FLOAT
from caffe_ir.layers import Concat, Parameter, Slice
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.working_memory import working_items


class Held(Struct, frozen=True, kw_only=True):
    """Bytes of all blobs, of the weights that lie in none, and of what layers keep for themselves; `by_layer` has the
    layers that need memory for blobs or for themselves, and how much of it, the most first."""

    blobs: int
    weights: int
    working: int
    by_layer: tuple[tuple[Node, int], ...]


def held(net: Net) -> Held:
    """What a net takes in Caffe once it has run."""
    blobs = made(net)
    working = {node: kept(net, node) for node in net.nodes}
    largest = sorted(((node, blobs[node] + working[node]) for node in net.nodes), key=lambda one: -one[1])
    return Held(
        blobs=sum(blobs.values()),
        weights=_weights(net),
        working=sum(working.values()),
        by_layer=tuple(one for one in largest if one[1]),
    )


def made(net: Net) -> dict[Node, int]:
    """The bytes of the blobs that each node makes: none where they lie in memory that was there before."""
    found, named = dict[Node, int](), set[str]()
    for node in net.nodes:
        known = isinstance(node.layer, Parameter) and not named.isdisjoint(node.param_names)
        found[node] = 0 if known or shares(node) else FLOAT * sum(prod(net.shapes[top]) for top in node.tops)
        named.update(filter(None, node.param_names))
    return found


def kept(net: Net, node: Node) -> int:
    """The bytes that the layer of a node keeps for itself, in no blob."""
    return FLOAT * working_items(node.layer, net.shapes_of(node.bottoms), in_place=node.in_place)


def shares(node: Node) -> bool:
    """Whether the tops of a node are its first bottom's memory."""
    alone = isinstance(node.layer, Concat | Slice) and len(node.bottoms) == len(node.tops) == 1
    return bool(node.bottoms) and (node.in_place or node.layer.is_view or alone)


def _weights(net: Net) -> int:
    """The bytes of the weights that are no Parameter's."""
    named, total = set[str](), 0
    for node in net.nodes:
        shapes = node.layer.blob_shapes(net.shapes_of(node.bottoms))
        names = node.param_names + ("",) * (len(shapes) - len(node.param_names))
        for name, shape in zip(names, shapes, strict=True):
            if not isinstance(node.layer, Parameter) and name not in named:
                total += FLOAT * prod(shape)
            named.update(filter(None, [name]))
    return total
