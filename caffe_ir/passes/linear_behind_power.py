"""A linear Power behind Power(power=p, scale=s) -> Scale: a (s x)^p + b with a and b for every channel.

The pair is right in Caffe. OpenCV folds the second into the first where that has no shift, as if p were 1
(PowerFunctor's tryFuse in elementwise_layers.cpp; 4.14 was wrong for p = 2, 3, 0.5 and -1 with any a and b); it does
not fold numbers for channels. A map of one channel is left as it is: there OpenCV folds the Scale as well.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layers import Power, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass


def _rewrite(net: Net, node: Node, context: Context) -> None:
    linear, before = node.layer, net.producer(node.bottom)
    power, shape = before.layer, net.shapes[node.bottom]
    assert isinstance(linear, Power)
    if not isinstance(power, Power) or linear.power != 1 or power.power == 1 or power.shift != 0:
        return
    if net.reads(before.top) > 1 or len(shape) < 2 or shape[1] == 1:
        return
    numbers = (linear.scale, linear.shift) if linear.shift else (linear.scale,)
    blobs = tuple(Blob.of(np.full(shape[1], number), constant=True) for number in numbers)
    net.update(node, replace(node, layer=Scale(bias_term=len(blobs) > 1), blobs=blobs))


LINEAR_BEHIND_POWER = Pass(name="linear_behind_power", visits=(Power,), rewrite=_rewrite)
