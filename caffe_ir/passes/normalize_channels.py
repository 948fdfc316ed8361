"""AlexeyAB's channel normalisation: f times the inverse of its sum at each place.

    y = f / (1e-4 + sum over the channels of f),   f = max(x, 0), e^x or e^(x - m)     (activations.c)

The sum is a 1x1 Convolution of ones from C channels to 1 with the constant for its bias, the inverse Power(-1), and a
1x1 Convolution of ones brings it back to C channels for an Eltwise PROD: 2 C products a place, and no Tile, which fewer
engines read. The maximum m of a place is max pooling over the view (N, 1, C, H W), brought to C channels by
weights of -1.
"""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.layers import Convolution, Eltwise, Exp, Pooling, Power, ReLU, Reshape
from caffe_ir.layers.source import NormalizeChannels
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, channels = node.layer, net.shapes[node.bottom][1]
    assert isinstance(layer, NormalizeChannels)
    new, x = Replacement(net=net, old=node), node.bottom
    if layer.subtract_max:
        x = new.add("shifted", Eltwise(operation="SUM"), x, _minus_maximum(new, x))
    f = new.add("exp", Exp(), x) if layer.softmax else new.add("relu", ReLU(), x)
    gather = Convolution(num_output=1, kernel_size=(1, 1))
    blobs = (
        Blob.of(np.ones((1, channels, 1, 1), np.float32), constant=True),
        Blob.of(np.array([layer.eps]), constant=True),
    )
    total = new.add("sum", gather, f, blobs=blobs)
    inverse = new.add("inverse", Power(power=-1.0), total)
    new.add("product", Eltwise(operation="PROD"), f, _spread(new, "factors", inverse, channels, 1.0))
    new.finish()
    net.note("lowered", f"{layer} -> {len(new.nodes)} layers", node.origin)


def _minus_maximum(new: Replacement, x: str) -> str:
    _, c, h, w = new.net.shapes[x]
    columns = new.add("columns", Reshape(shape=(0, 1, c, h * w)), x)
    maximum = new.add("max", Pooling(pool="MAX", kernel_size=(c, 1)), columns)
    plane = new.add("plane", Reshape(shape=(0, 1, h, w)), maximum)
    return _spread(new, "minus_max", plane, c, -1.0)


def _spread(new: Replacement, suffix: str, plane: str, channels: int, factor: float) -> str:
    """A map of one channel, times a factor, on many channels."""
    weights = Blob.of(np.full((channels, 1, 1, 1), factor, np.float32), constant=True)
    return new.add(
        suffix, Convolution(num_output=channels, kernel_size=(1, 1), bias_term=False), plane, blobs=(weights,)
    )


NORMALIZE_CHANNELS = Pass(name="normalize_channels", visits=(NormalizeChannels,), rewrite=_rewrite)
