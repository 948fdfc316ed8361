"""A BatchNorm alone -> a Scale of ones and zeros behind it, where the target wants that, or another program that the
files are for.

Numbers are the same: x 1 + 0 is exact. caffe2onnx adds 0.001 where there is no Scale, and MACE refuses the net.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layers import BatchNorm, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CONVERTERS
from caffe_ir.targets.target import Target


def _run(net: Net, context: Context) -> None:
    """What each reader makes of the net is looked up once, and again after each Scale."""
    readers = (context.target, *(CONVERTERS if context.target.for_others else ()))
    names = [node.name for node in net.nodes if isinstance(node.layer, BatchNorm)]
    mistaken = _mistaken(net, readers) if names else frozenset()
    for name in names:
        node = net.node(name)
        assert isinstance(node.layer, BatchNorm)
        if name in mistaken and node.layer.use_global_stats and len(net.shapes[node.top]) > 1:
            _put_behind(net, node)
            mistaken = _mistaken(net, readers)


def _mistaken(net: Net, readers: Iterable[Target]) -> frozenset[str]:
    return frozenset[str]().union(*(reader.mistaken(net) for reader in readers))


def _put_behind(net: Net, node: Node) -> None:
    new, channels = Replacement(net=net, old=node), net.shapes[node.top][1]
    ones, zeros = (Blob.of(np.full(channels, number, np.float32), constant=True) for number in (1, 0))
    norm = node
    if net.is_output(node.top):
        free = new.free(f"{node.name}_norm")
        norm = replace(node, name=free, tops=(free,))
    new.nodes.append(norm)
    scaled = new.add("scale", Scale(bias_term=True), norm.top, blobs=[ones, zeros])
    if norm is node:
        new.held[node.top] = scaled
    new.commit()


SCALE_BEHIND = NetPass(name="scale_behind", run=_run)
