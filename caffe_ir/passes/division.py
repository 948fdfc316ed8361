"""A quotient with a constant -> a product, for constant_operand: x / c = x * (1 / c) and c / y = c * y^-1."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.layers import Parameter, Power
from caffe_ir.layers.source import Div, Mul
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    dividend, divisor = (net.producer(bottom) for bottom in node.bottoms)
    new = Replacement(net=net, old=node)
    if isinstance(divisor.layer, Parameter):
        (blob,) = divisor.blobs
        stored = Blob.computed(blob.shape, lambda: _inverse(blob), constant=blob.constant)
        inverse = new.add("inverse", divisor.layer, blobs=[stored])
    elif isinstance(dividend.layer, Parameter):
        inverse = new.add("inverse", Power(power=-1.0), node.bottoms[1])
    else:
        return
    new.add("product", Mul(), node.bottoms[0], inverse)
    new.finish()


def _inverse(blob: Blob) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / blob.load().astype(np.float64))


DIVISION = Pass(name="division", visits=(Div,), rewrite=_rewrite)
