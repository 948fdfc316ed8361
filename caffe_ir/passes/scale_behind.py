"""A BatchNorm alone -> a Scale of ones and zeros behind it, where the target wants that, or another program that the
files are for.

Numbers are the same: x 1 + 0 is exact. caffe2onnx adds 0.001 where there is no Scale, and MACE refuses the net.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layers import BatchNorm, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CONVERTERS


def _rewrite(net: Net, node: Node, context: Context) -> None:
    readers = (context.target, *(CONVERTERS if context.target.for_others else ()))
    assert isinstance(node.layer, BatchNorm)
    computed = node.layer.use_global_stats and len(net.shapes[node.top]) > 1
    if not computed or not any(reader.mistakes(net, node) for reader in readers):
        return
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


SCALE_BEHIND = Pass(name="scale_behind", visits=(BatchNorm,), rewrite=_rewrite)
