"""A change of sign -> into the weights of the layer before or behind it, where nobody else reads what lies between.

    -(W x + b) = (-W) x + (-b)        W (-x) + b = (-W) x + b

to the last bit: a sign changes no rounding. Differences are written as the sum with the negative, and most negatives
stand beside a layer with weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.layers import Convolution, Deconvolution, InnerProduct, Power, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

NEGATIVE = Power(scale=-1.0)
LINEAR = Convolution | Deconvolution | InnerProduct


def _rewrite(net: Net, node: Node, context: Context) -> None:
    if node.layer != NEGATIVE or net.is_output(node.top):
        return
    before, readers = net.producer(node.bottom), net.consumers(node.top)
    if net.is_read_once(node.bottom) and isinstance(before.layer, LINEAR | Scale) and _owns_its_factors(before):
        net.values.forget([before.top])
        net.update(before, _with(before, [_negated(blob) for blob in before.blobs]))
        net.replace(node, [])
    elif len(readers) == 1 and isinstance(readers[0].layer, LINEAR) and _owns_its_factors(readers[0]):
        weights, *bias = readers[0].blobs
        net.values.forget([node.top])
        net.update(readers[0], _with(readers[0], [_negated(weights), *bias]))
        net.replace(node, [])


def _owns_its_factors(node: Node) -> bool:
    """Whether all that the layer multiplies with are weights, which no other layer shares."""
    return len(node.bottoms) == 1 and not node.param_names


def _with(node: Node, blobs: Sequence[Blob]) -> Node:
    return replace(node, blobs=tuple(blobs))


def _negated(blob: Blob) -> Blob:
    return Blob.computed(blob.shape, partial(_negative, blob), constant=blob.constant)


def _negative(blob: Blob) -> Array:
    return np.negative(blob.load())


SIGN = Pass(name="sign", visits=(Power,), rewrite=_rewrite)
