"""Reorg, Reorg3d -> a strided convolution with 0 and 1 for weights, between views.

Channel k of the space-to-depth of (C, H, W) is channel k % C at the cell (k // C // s, k // C % s) of each s x s block:
a Convolution with kernel = stride = s and W[k, k % C, k // C // s, k // C % s] = 1, else 0; the transposed convolution
with the same weights is the way back. Darknet's [reorg] (blas.c, reorg_cpu) does that between two views, the reverse of
AlexeyAB's [reorg3d] likewise; Reshape is a view.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.layers import Convolution, Deconvolution, Reshape
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.source_layers import Reorg, Reorg3d


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, (_, c, h, w), (_, *top) = node.layer, net.shapes[node.bottom], net.shapes[node.top]
    assert isinstance(layer, Reorg | Reorg3d)
    s = layer.stride
    if s == 1:
        net.replace(node, [])
    elif isinstance(layer, Reorg) and layer.reverse:
        net.replace(node, [replace(node, layer=_move(c, s, back=True), blobs=(_one_hot(c, s),))])
    elif isinstance(layer, Reorg3d) and not layer.reverse:
        channels = c * s * s
        net.replace(node, [replace(node, layer=_move(channels, s, back=False), blobs=(_one_hot(channels, s),))])
    else:
        view = (c // (s * s), h * s, w * s)
        channels = view[0] if layer.reverse else c
        new = Replacement(net=net, old=node)
        viewed = new.add("view", Reshape(shape=(0, *view)), node.bottom)
        move = _move(channels, s, back=layer.reverse)
        moved = new.add("moved", move, viewed, blobs=[_one_hot(channels, s)])
        new.add("back", Reshape(shape=(0, *top)), moved)
        new.finish()


def _move(channels: int, stride: int, *, back: bool) -> Convolution | Deconvolution:
    """From a map to the `channels` that hold its blocks, or back."""
    kernel = (stride, stride)
    if back:
        return Deconvolution(num_output=channels // stride**2, kernel_size=kernel, stride=kernel, bias_term=False)
    return Convolution(num_output=channels, kernel_size=kernel, stride=kernel, bias_term=False)


def _one_hot(channels: int, stride: int) -> Blob:
    inner = channels // stride**2
    shape = (channels, inner, stride, stride)

    def compute() -> Array:
        weights, k = np.zeros(shape, np.float32), np.arange(channels)
        weights[k, k % inner, k // inner // stride, k // inner % stride] = 1.0
        return weights

    return Blob.computed(shape, compute, constant=True)


REORG = Pass(name="reorg", visits=(Reorg, Reorg3d), rewrite=_rewrite)
