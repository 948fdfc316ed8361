"""Expand -> nothing where its readers broadcast themselves.

Products, sums, quotients and extremes of two blobs take the small one as it is, if the other has the whole shape:
x * y.expand_as(x), as squeeze-and-excitation is often written, is x * y.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import Eltwise
from caffe_ir.layers.source import Add, Div, Expand, Maximum, Minimum, Mul, Sub
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

BROADCAST = (Mul, Add, Sub, Div, Maximum, Minimum)
ELTWISE: dict[str, Layer] = {"PROD": Mul(), "SUM": Add(), "MAX": Maximum()}


def _rewrite(net: Net, node: Node, context: Context) -> None:
    small = node.bottom
    for reader in net.consumers(node.top):
        layer = _broadcasting(reader)
        bottoms = tuple(small if bottom == node.top else bottom for bottom in reader.bottoms)
        if layer is not None and np.broadcast_shapes(*net.shapes_of(bottoms)) == net.shapes[reader.top]:
            net.update(reader, replace(reader, layer=layer, bottoms=bottoms))
    if not net.is_wanted(node.top):
        net.remove(node)


def _broadcasting(reader: Node) -> Layer | None:
    """The layer that computes the same and broadcasts; None where there is none."""
    layer = reader.layer
    if isinstance(layer, BROADCAST):
        return layer
    if isinstance(layer, Eltwise) and len(reader.bottoms) == 2 and layer.coeff in ((), (1.0, 1.0)):
        return ELTWISE[layer.operation]
    return None


EXPAND = Pass(name="expand", visits=(Expand,), rewrite=_rewrite)
"""Equal shapes included: torch expands to the shape that is there, too."""
