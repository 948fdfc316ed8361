"""A Flatten -> a Reshape to the same rows, where a reader joins what it gives wrongly with other rows.

Both mean the same in Caffe. MNN gives four axes to what a Flatten makes, and takes those of its first blob for a whole
Concat: the states of an LSTM in steps, of which the first comes of a Reshape, have no size there.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from caffe_ir.layers import Flatten, reshape_to
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.targets import WIDESPREAD
from caffe_ir.targets.net_cases import KEEPS_AXES


def _run(net: Net, context: Context) -> None:
    """Until nothing is found: rows of a Flatten may stand behind those that were of one before."""
    readers = (context.target, *(WIDESPREAD if context.target.for_others else ()))
    limits = [limit for reader in readers for limit in reader.net if limit.of_flatten]
    while names := {one.name for limit in limits for node in limit.where(net) for one in _flattens(net, node)}:
        for name in names:
            node = net.node(name)
            layer = reshape_to(net.shapes[node.top], net.shapes[node.bottom])
            net.update(node, replace(node, layer=layer))


def _flattens(net: Net, node: Node) -> Iterator[Node]:
    """Those whose axes the bottoms have."""
    for bottom in node.bottoms:
        producer = net.producer(bottom)
        while isinstance(producer.layer, KEEPS_AXES):
            producer = net.producer(producer.bottoms[0])
        if isinstance(producer.layer, Flatten):
            yield producer


ROWS_BY_RESHAPE = NetPass(name="rows_by_reshape", run=_run)
