"""A linear Power behind Power(power=p, scale=s) -> Scale: a (s x)^p + b with a and b for every channel.

The pair is right in Caffe. OpenCV folds the second into the first where that has no shift, as if p were 1
(PowerFunctor's tryFuse in elementwise_layers.cpp; 4.14 was wrong for p = 2, 3, 0.5 and -1 with any a and b); it does
not fold numbers for channels. Of a map of one channel it folds the Scale as well, and no Convolution: there a and b are
those of a 1x1 Convolution.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layers import Convolution, Power, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

MAP = 4


def _rewrite(net: Net, node: Node, context: Context) -> None:
    bottom = node.bottoms[0]
    power, shape = net.producer(bottom).layer, net.shapes[bottom]
    if not isinstance(power, Power) or power.power == 1 or power.shift != 0:
        return
    if net.reads(bottom) > 1 or len(shape) < 2 or (shape[1] == 1 and len(shape) != MAP):
        return
    blobs = _numbers(node)
    if not blobs:
        return
    if shape[1] > 1:
        layer, factors = Scale(bias_term=len(blobs) > 1), tuple(blob.repeated(shape[1]) for blob in blobs)
        net.update(node, replace(node, layer=layer, blobs=factors))
        return
    convolution = Convolution(num_output=1, kernel_size=(1, 1), bias_term=len(blobs) > 1)
    weights = (blobs[0].reshaped((1, 1, 1, 1)), *(blob.reshaped((1,)) for blob in blobs[1:]))
    net.update(node, replace(node, layer=convolution, blobs=weights))


def _numbers(node: Node) -> tuple[Blob, ...]:
    """The factor and the addend, if any, of a layer that has one of each for all of its bottom; else nothing."""
    if isinstance(node.layer, Power) and node.layer.power == 1:
        numbers = (node.layer.scale, node.layer.shift) if node.layer.shift else (node.layer.scale,)
        return tuple(Blob.of(np.array([number]), constant=True) for number in numbers)
    alone = isinstance(node.layer, Scale) and len(node.bottoms) == 1 and not node.param_names
    return node.blobs if alone and node.blobs[0].count == 1 else ()


LINEAR_BEHIND_POWER = Pass(name="linear_behind_power", visits=(Power, Scale), rewrite=_rewrite)
