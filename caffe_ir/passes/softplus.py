"""Softplus -> BNLL between two Power: log(1 + e^(beta x)) / beta.

torch takes x itself above the threshold. What is left out there is log(1 + e^-z) of z = beta x > threshold, at most
1.1e-10 of the value for torch's 20; for thresholds below 19 the two are told apart: with m = 1 where z > threshold and
s the softplus of z, z m + s (1 - m).
"""

from __future__ import annotations

from caffe_ir.layers import BNLL, Eltwise, Power, Threshold
from caffe_ir.layers.source import Softplus
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

UNSEEN = 19.0
"""log(1 + e^-19) / 19 < 3e-10: less than float32 and our own tolerance can see."""
PRODUCT = Eltwise(operation="PROD")


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, new, z = node.layer, Replacement(net=net, old=node), node.bottom
    assert isinstance(layer, Softplus)
    if layer.beta != 1:
        z = new.add("scaled", Power(scale=layer.beta), z)
    y = new.add("bnll", BNLL(), z)
    if layer.threshold < UNSEEN:
        above = new.add("above", Threshold(threshold=layer.threshold), z)
        below = new.add("below", Power(scale=-1.0, shift=1.0), above)
        linear, smooth = new.add("linear", PRODUCT, above, z), new.add("smooth", PRODUCT, below, y)
        y = new.add("sum", Eltwise(operation="SUM"), linear, smooth)
    if layer.beta != 1:
        new.add("unscaled", Power(scale=1 / layer.beta), y)
    new.finish()
    net.note("lowered", f"{layer} -> {', '.join(one.layer.type_name() for one in new.nodes)}", node.origin)


SOFTPLUS = Pass(name="softplus", visits=(Softplus,), rewrite=_rewrite)
