"""A Concat that reads a blob twice -> it reads a copy, x * 1, from the second time on, where the target wants that, or
another program that the files are for.

Numbers are the same: a Scale of ones is exact. caffe2onnx joins other blobs where one is read twice. One row or column
that is read again and again is spread by a Deconvolution of ones, depthwise: one layer and not one for each copy.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layer import axis_index
from caffe_ir.layers import Concat, Deconvolution, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CONVERTERS

MAP, ROWS = 4, 2
"""Axes of a blob of which every target that has a Scale takes one, and that of its rows."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    readers = (context.target, *(CONVERTERS if context.target.for_others else ()))
    if len(set(node.bottoms)) == len(node.bottoms) or not any(node.name in reader.mistaken(net) for reader in readers):
        return
    new, bottoms = Replacement(net=net, old=node), list[str]()
    if _is_spread(net, node):
        _spread(new)
        new.finish()
        return
    for bottom in node.bottoms:
        read, shape = bottom, net.shapes[bottom]
        if bottom in bottoms and len(shape) == MAP:
            read = new.add("copy", Scale(), bottom, blobs=[Blob.of(np.ones(shape[1]), constant=True)])
        bottoms.append(read)
    new.nodes.append(replace(node, bottoms=tuple(bottoms)))
    new.finish()


def _is_spread(net: Net, node: Node) -> bool:
    """One blob alone, along an axis of a map that has one cell in it."""
    assert isinstance(node.layer, Concat)
    shape = net.shapes[node.bottoms[0]]
    axis = axis_index(node.layer.axis, len(shape))
    return len(set(node.bottoms)) == 1 and len(shape) == MAP and axis > 1 and shape[axis] == 1


def _spread(new: Replacement) -> None:
    layer, bottoms = new.old.layer, new.old.bottoms
    assert isinstance(layer, Concat)
    channels, times = new.shape_of(bottoms[0])[1], len(bottoms)
    kernel = (times, 1) if axis_index(layer.axis, MAP) == ROWS else (1, times)
    spread = Deconvolution(num_output=channels, kernel_size=kernel, group=channels, bias_term=False)
    ones = Blob.of(np.ones((channels, 1, *kernel)), constant=True)
    new.add("spread", spread, bottoms[0], blobs=[ones])


READ_TWICE = Pass(name="read_twice", visits=(Concat,), rewrite=_rewrite)
