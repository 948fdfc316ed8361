"""Local -> a Convolution with one group a place.

y[l] = W[l] patch[l] + b[l] for the places l < L = oh ow (local_layer.c, forward_local_layer). The patches come from a
depthwise Convolution with k k one-hot filters a channel (im2col, written as a layer that every engine has): (N, C k k,
oh, ow). Slice and Concat bring the places in front, (N, L C k k, 1, 1); there a 1x1 Convolution of L groups holds the
weights as they lie in the file. Slice and Concat again give (N, num_output, oh, ow). No axis but N is touched by N, and
the products are as many as in the source: a plain convolution masked to one place a filter would cost L times as many.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.layers import Concat, Convolution, Reshape, Slice
from caffe_ir.layers.source import Local
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

MOST_PLACES = 10_000
"""Each place is a blob of the net, twice; a net with 50 is the largest that is known."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, bottom = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, Local)
    oh, ow = layer.output_size(bottom)
    if oh * ow == 1:
        net.replace(node, [_everywhere_the_same(node, layer)])
        return
    if oh * ow > MOST_PLACES:
        what, why = f"{layer} has filters of their own at {oh * ow:,} places", f"{MOST_PLACES:,} are the most"
        raise ConversionError(Problem(what=what, why=why, origin=node.origin))
    _by_places(net, node, layer, bottom[1], (oh, ow))
    net.note("lowered", f"the filters of {oh * ow} places became the groups of a convolution", node.origin)


def _everywhere_the_same(node: Node, layer: Local) -> Node:
    """One place only: a plain convolution."""
    (weights, bias), k, s, p = node.blobs, layer.kernel_size, layer.stride, layer.pad
    convolution = Convolution(num_output=layer.num_output, kernel_size=(k, k), stride=(s, s), pad=(p, p))
    return replace(node, layer=convolution, blobs=(weights.reshaped(weights.shape[1:]), bias.reshaped(bias.shape[:1])))


def _by_places(net: Net, node: Node, layer: Local, channels: int, size: tuple[int, int]) -> None:
    (weights, bias), n, k = node.blobs, layer.num_output, layer.kernel_size
    s, p, places, cells = layer.stride, layer.pad, size[0] * size[1], channels * k * k
    gather = Convolution(
        num_output=cells, kernel_size=(k, k), stride=(s, s), pad=(p, p), group=channels, bias_term=False
    )
    products = Convolution(num_output=places * n, kernel_size=(1, 1), group=places)
    by_place = Blob.computed((places * n,), lambda: bias.load().reshape(n, places).T.reshape(-1))
    new = Replacement(net=net, old=node)
    taps = Blob.computed((cells, 1, k, k), lambda: _taps(channels, k), constant=True)
    patches = new.add("patches", gather, node.bottom, blobs=[taps])
    column = new.add("column", Reshape(shape=(0, cells, places, 1)), patches)
    pieces = new.split("patch", Slice(axis=2, slice_point=tuple(range(1, places))), column, tops=places)
    joined = new.add("joined", Concat(axis=1), *pieces)
    sums = new.add("sums", products, joined, blobs=[weights.reshaped((places * n, cells, 1, 1)), by_place])
    answers = new.split("answer", Slice(axis=1, slice_point=tuple(range(n, places * n, n))), sums, tops=places)
    row = new.add("row", Concat(axis=2), *answers)
    new.add("map", Reshape(shape=(0, n, *size)), row)
    new.finish()


def _taps(channels: int, kernel_size: int) -> Array:
    """im2col (im2col.c) as filters: channel (c k + i) k + j takes the cell (i, j) of channel c."""
    taps = np.eye(kernel_size * kernel_size, dtype=np.float32)
    return np.tile(taps, (channels, 1)).reshape(-1, 1, kernel_size, kernel_size)


LOCAL = Pass(name="local", visits=(Local,), rewrite=_rewrite)
