"""Eltwise SUM with coefficients -> a Power for each factor, and the plain sum.

Half of the readers of Caffe files drop the coefficients without a message, and add a and b for a - b or a + 0.2 b. A
product with a number is computed rightly by all that know Power, and a change of sign goes into the weights before it.
"""

from __future__ import annotations

from caffe_ir.layers import Eltwise, Power
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer = node.layer
    assert isinstance(layer, Eltwise)
    if layer.operation != "SUM" or not layer.coeff:
        return
    new = Replacement(net=net, old=node)
    terms = [
        blob if factor == 1 else new.add("scaled", Power(scale=factor), blob)
        for blob, factor in zip(node.bottoms, layer.coeff, strict=True)
    ]
    new.add("sum", Eltwise(operation="SUM"), *terms)
    new.finish()


COEFFICIENTS = Pass(name="coefficients", visits=(Eltwise,), rewrite=_rewrite)
