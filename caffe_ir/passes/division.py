"""Div -> a product with the inverse: x / y = x * y^-1, and for a constant y a product with the stored 1 / y."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.layers import Parameter, Power
from caffe_ir.layers.source import Div, Mul
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    dividend, divisor = node.bottoms
    producer, new = net.producer(divisor), Replacement(net=net, old=node)
    if isinstance(producer.layer, Parameter):
        (blob,) = producer.blobs
        inverse = new.add(
            "inverse", producer.layer, blobs=[Blob.computed(blob.shape, lambda: _inverse(blob), constant=blob.constant)]
        )
    else:
        inverse = new.add("inverse", Power(power=-1.0), divisor)
    new.add("product", Mul(), dividend, inverse)
    new.finish()


def _inverse(blob: Blob) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / blob.load().astype(np.float64))


DIVISION = Pass(name="division", visits=(Div,), rewrite=_rewrite)
