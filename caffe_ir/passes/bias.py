"""A sum with weights behind a layer that could add them itself -> its bias, where nobody else reads what lies between.

    (W x) + b = W x + b        (w x) + b = w x + b

to the last bit: Caffe's layers add their bias to the finished product. No number changes, so each blob is still the
tensor that it was.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.layer import axis_index
from caffe_ir.layers import Convolution, Deconvolution, InnerProduct, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

LINEAR = Convolution | Deconvolution | InnerProduct


def _rewrite(net: Net, node: Node, context: Context) -> None:
    before = net.producer(node.bottoms[0])
    if not _only_adds(node) or not _takes_it(net, before, node):
        return
    assert isinstance(before.layer, LINEAR | Scale)
    whole = replace(before, layer=replace(before.layer, bias_term=True), blobs=(*before.blobs, node.blobs[1]))
    if net.is_output(node.top):
        net.replace(node, [replace(whole, name=node.name, tops=node.tops)])
        net.remove(before)
        return
    net.values.forget([before.top])
    net.redirect(node.top, before.top)
    net.update(before, whole)
    net.remove(node)


def _only_adds(node: Node) -> bool:
    """Whether a Scale multiplies with 1, for every checkpoint, and adds weights of its own."""
    layer = node.layer
    assert isinstance(layer, Scale)
    if len(node.bottoms) != 1 or not layer.bias_term or node.param_names or not node.blobs[0].constant:
        return False
    return bool(np.all(node.blobs[0].load() == 1))


def _takes_it(net: Net, before: Node, node: Node) -> bool:
    """Whether a layer has no bias yet, and one would be added along the same axes."""
    layer, added = before.layer, node.layer
    assert isinstance(added, Scale)
    if not isinstance(layer, LINEAR | Scale) or layer.bias_term or before.param_names or len(before.bottoms) != 1:
        return False
    axes = len(net.shapes[node.bottom])
    axis = axis_index(added.axis, axes)
    if isinstance(layer, Scale):
        same = axis == axis_index(layer.axis, axes) and before.blobs[0].shape == node.blobs[1].shape
    else:
        own = axes - 1 if isinstance(layer, InnerProduct) else 1
        same = axis == own and node.blobs[1].shape == (layer.num_output,)
    return same and net.is_read_once(before.top)


BIAS = Pass(name="bias", visits=(Scale,), rewrite=_rewrite)
