"""LogSoftmax -> s - log(sum of e^s), s = x - max(x).

Log behind Softmax would be shorter, and minus infinity wherever the probability is below the smallest float32: from
x = max - 104 on.
"""

from __future__ import annotations

from caffe_ir.layers import Exp, Log
from caffe_ir.layers.source import LogSoftmax, Reduce, Sub
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer = node.layer
    assert isinstance(layer, LogSoftmax)
    axes, new = (layer.axis,), Replacement(net=net, old=node)
    largest = new.add("max", Reduce(operation="MAX", axes=axes, keepdim=True), node.bottom)
    shifted = new.add("shifted", Sub(), node.bottom, largest)
    total = new.add("sum", Reduce(operation="SUM", axes=axes, keepdim=True), new.add("exp", Exp(), shifted))
    new.add("difference", Sub(), shifted, new.add("log", Log(), total))
    new.finish()
    net.note("lowered", f"{layer} -> the difference to the logarithm of the sum", node.origin)


LOG_SOFTMAX = Pass(name="log_softmax", visits=(LogSoftmax,), rewrite=_rewrite)
