"""What does nothing is taken out: layers that are the identity, and layers that nobody reads.

An identity is a Dropout (at inference), a Split, a Concat of one bottom, a Slice into one top, a Reshape or Flatten to
the shape that is there, a pooling over single cells, Power(1, 1, 0), Tile(1). Where its top is an output, the blob
before it gets the output's name. Where that blob cannot be an output (it is an input, an output already, one of several
tops, or read by others), the identity stays, in the form that engines keep.
A layer is dead when nothing reads its tops and none of them is an output; what only it read dies with it. Inputs are
the signature of the net and stay; a Silence has no tops, and stays.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Dropout, Flatten, Input, Power, Reshape, Slice, Split, Tile, copy_layer
from caffe_ir.layers.source import WindowPool
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

COUNTED = ("valid", "padded")
IDENTITY_WHEN_ALONE = (Concat, Slice)
IDENTITY_WHEN_SHAPED_ALIKE = (Reshape, Flatten)


def _rewrite(net: Net, node: Node, context: Context) -> None:
    if isinstance(node.layer, Input) or not node.tops:
        return
    if _is_unread(net, node):
        _bury(net, node)
    elif _is_identity(net, node):
        _take_out(net, node)


def _is_unread(net: Net, node: Node) -> bool:
    return not any(map(net.is_wanted, node.tops))


def _bury(net: Net, node: Node) -> None:
    """Take out a node, and what only it read, and what only that read, however far it goes."""
    waiting = [node]
    while waiting:
        dead = waiting.pop()
        _tell(net, dead, "is read by nothing")
        net.remove(dead)
        feeders = dict.fromkeys(net.producer(bottom) for bottom in dead.bottoms)
        waiting += [one for one in feeders if not isinstance(one.layer, Input) and _is_unread(net, one)]


def _is_identity(net: Net, node: Node) -> bool:
    layer = node.layer
    if isinstance(layer, Dropout | Split) or layer in (Power(), Tile(tiles=1)):
        return True
    if isinstance(layer, IDENTITY_WHEN_ALONE):
        return len(node.bottoms) == len(node.tops) == 1
    keeps = isinstance(layer, IDENTITY_WHEN_SHAPED_ALIKE) or (isinstance(layer, WindowPool) and _takes_single(layer))
    return keeps and net.shapes[node.top] == net.shapes[node.bottom]


def _takes_single(layer: WindowPool) -> bool:
    return layer.kernel_size == layer.stride == (1, 1) and layer.begin == (0, 0) and layer.divisor in (*COUNTED, 1)


def _take_out(net: Net, node: Node) -> None:
    """What reads the identity reads what is before it; outputs stay outputs under their names."""
    bottom, outputs = node.bottom, [top for top in node.tops if net.is_output(top)]
    if not outputs:
        _tell(net, node, "computes nothing at inference")
        net.replace(node, [])
    elif len(node.tops) == 1 and _is_alone(net, node, bottom):
        _tell(net, node, "computes nothing at inference")
        net.replace(node, [])
        net.rename(bottom, node.top)
    elif not isinstance(node.layer, Reshape):
        layer = copy_layer(net.shapes[bottom])
        copies = [replace(node, name=top, layer=layer, tops=(top,)) for top in outputs]
        for top in set(node.tops) - set(outputs):
            net.redirect(top, bottom)
        net.replace(node, copies)


def _is_alone(net: Net, node: Node, bottom: str) -> bool:
    """Whether a blob could be an output but for the one that reads it."""
    producer = net.producer(bottom)
    return len(producer.tops) == 1 and not isinstance(producer.layer, Input) and net.is_read_once(bottom)


def _tell(net: Net, node: Node, why: str) -> None:
    """A note for what the user's own source names; what a pass made goes in silence."""
    if any(net.values.of(top) for top in node.tops):
        net.note("dropped", f"{node.name} ({node.layer.type_name()}) {why}", node.origin)


DEAD = Pass(name="dead", visits=(Layer,), rewrite=_rewrite)
