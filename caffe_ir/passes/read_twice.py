"""A Concat that reads a blob twice -> it reads a copy, x * 1, from the second time on, where the target wants that, or
another program that the files are for.

Numbers are the same: a Scale of ones is exact. caffe2onnx joins other blobs where one is read twice.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layers import Concat, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CONVERTERS

MAP = 4
"""Axes of a blob of which every target that has a Scale takes one."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    readers = (context.target, *(CONVERTERS if context.target.for_others else ()))
    if len(set(node.bottoms)) == len(node.bottoms) or not any(node.name in reader.mistaken(net) for reader in readers):
        return
    new, bottoms = Replacement(net=net, old=node), list[str]()
    for bottom in node.bottoms:
        read, shape = bottom, net.shapes[bottom]
        if bottom in bottoms and len(shape) == MAP:
            read = new.add("copy", Scale(), bottom, blobs=[Blob.of(np.ones(shape[1]), constant=True)])
        bottoms.append(read)
    new.nodes.append(replace(node, bottoms=tuple(bottoms)))
    new.finish()


READ_TWICE = Pass(name="read_twice", visits=(Concat,), rewrite=_rewrite)
