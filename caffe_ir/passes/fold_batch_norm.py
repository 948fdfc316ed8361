"""BatchNorm, Scale and linear Power drawn into the layer before them, where nobody else reads what lies between.

    y = g ((W x + b) - mean) / sqrt(v + e) + beta = W' x + b'
    W' = W s,   b' = (b - mean) s + beta,   s = g / sqrt(v + e)     for each output channel

Statistics as in batch_norm_layer.cpp of BVLC Caffe: both blobs times 1 / factor, or 0 where the factor is 0. Computed
in float64 and rounded to float32 once; the new weights are made when they are asked for, one layer at a time. This
changes stored numbers, hence only where the user asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce

import numpy as np
from msgspec.structs import replace

from caffe_ir.affine import Affine, normalization
from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.layer import Layer, axis_index
from caffe_ir.layers import BatchNorm, Convolution, Deconvolution, InnerProduct, Power, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

Linear = Convolution | Deconvolution | InnerProduct


_odd_numbers = np.errstate(invalid="ignore", divide="ignore")
"""What is NaN or infinite in the source, or no root of a number, remains so and is nothing to warn of here."""


@_odd_numbers
def _rewrite(net: Net, node: Node, context: Context) -> None:
    if not context.options.fold_batch_norm or not _is_channelwise(net, node):
        return
    linear = net.producer(node.bottom)
    if not _takes_it_in(net, linear):
        return
    chain = [node, *_followers(net, node)]
    change = reduce(Affine.then, (_affine(net, one) for one in chain))
    _put(net, linear, change, chain)
    folded = ", ".join(one.layer.type_name() for one in chain)
    net.note("folded", f"{folded} -> {linear.layer.type_name()}", node.origin)


def _put(net: Net, linear: Node, change: Affine, folded: list[Node]) -> None:
    """The layer with the change in place of all of them, under its own name; but an output keeps the name it has."""
    last = folded[-1]
    one = _folded(linear, change)
    if net.is_output(last.top):
        net.replace(last, [replace(one, name=last.name, tops=last.tops)])
        gone = [*reversed(folded[:-1]), linear]
    else:
        between = {linear.top, *(node.top for node in folded[:-1])}
        net.values.forget(between)
        net.redirect(last.top, linear.top)
        net.update(linear, one)
        gone = folded[::-1]
    for node in gone:
        net.remove(node)


def _is_channelwise(net: Net, node: Node) -> bool:
    """Whether a node multiplies the channels with numbers of its own and adds others."""
    layer = node.layer
    if len(node.bottoms) != 1 or node.param_names:
        return False
    if isinstance(layer, BatchNorm):
        return layer.use_global_stats
    if isinstance(layer, Power):
        return layer.power == 1
    if not isinstance(layer, Scale):
        return False
    axes = len(net.shapes[node.bottom])
    return layer.num_axes == 1 and axis_index(layer.axis, axes) == 1


def _takes_it_in(net: Net, node: Node) -> bool:
    """Whether a node has weights of its own for each channel at axis 1, and one reader only."""
    layer = node.layer
    if not isinstance(layer, Linear) or node.param_names or len(node.tops) != 1:
        return False
    axis = axis_index(layer.axis, len(net.shapes[node.bottoms[0]]))
    return axis == 1 and net.is_read_once(node.top)


def _followers(net: Net, node: Node) -> Iterator[Node]:
    """What can be drawn in together with a node, so that the weights are rounded once."""
    while net.is_read_once(node.top):
        (node,) = net.consumers(node.top)
        if not _is_channelwise(net, node):
            return
        yield node


def _affine(net: Net, node: Node) -> Affine:
    layer, channels = node.layer, net.shapes[node.bottom][1]
    if isinstance(layer, Power):
        return Affine(slope=np.full(channels, layer.scale), offset=np.full(channels, layer.shift))
    blobs = [blob.load().astype(np.float64) for blob in node.blobs]
    if isinstance(layer, BatchNorm):
        mean, var, factor = blobs
        weight = 0.0 if factor[0] == 0 else 1 / factor[0]
        return normalization(mean * weight, var * weight, layer.eps)
    slope = blobs[0]
    return Affine(slope=slope, offset=blobs[1] if len(blobs) == 2 else np.zeros_like(slope))


def _folded(linear: Node, change: Affine) -> Node:
    """The layer with the change in its weights."""
    layer = linear.layer
    assert isinstance(layer, Linear)
    weights = linear.blobs[0]
    bias = linear.blobs[1].load().astype(np.float64) if layer.bias_term else 0.0
    product = Blob.computed(weights.shape, _scaled(weights, change.slope, _spread(layer, weights.shape)))
    if not layer.bias_term and not change.offset.any():
        return replace(linear, blobs=(product,))
    blobs = (product, Blob.of(change.slope * bias + change.offset))
    return replace(linear, layer=replace(layer, bias_term=True), blobs=blobs)


def _spread(layer: Layer, weights: Shape) -> tuple[Shape, Shape]:
    """The weights' shape with the output channels on axes of their own, and the shape of the slopes beside it."""
    if isinstance(layer, Deconvolution):  # (C, num_output / group, k...): each group of bottoms has its own tops
        inputs, outputs, *kernel = weights
        grouped = (layer.group, inputs // layer.group, outputs, *kernel)
        return grouped, (layer.group, 1, outputs) + (1,) * len(kernel)
    if isinstance(layer, InnerProduct) and layer.transpose:
        return weights, (1, weights[1])
    return weights, weights[:1] + (1,) * (len(weights) - 1)


def _scaled(weights: Blob, slope: Array, spread: tuple[Shape, Shape]) -> Callable[[], Array]:
    @_odd_numbers
    def compute() -> Array:
        loaded = weights.load()
        numbers, factors = loaded.reshape(spread[0]), slope.reshape(spread[1])
        product = numbers if weights.span is not None else np.empty(spread[0], np.float32)
        np.multiply(numbers, factors, out=product, dtype=np.float64, casting="same_kind")
        return product.reshape(loaded.shape)

    return compute


FOLD_BATCH_NORM = Pass(name="fold_batch_norm", visits=(BatchNorm, Scale, Power), rewrite=_rewrite)
