"""Minimum -> min(x, y) = -max(-x, -y): Caffe's Eltwise knows MAX only. A sign changes no digit."""

from __future__ import annotations

from caffe_ir.layers import Power
from caffe_ir.layers.source import Maximum, Minimum
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

NEGATIVE = Power(scale=-1.0)


def _rewrite(net: Net, node: Node, context: Context) -> None:
    new = Replacement(net=net, old=node)
    negatives = [new.add("negative", NEGATIVE, bottom) for bottom in node.bottoms]
    largest = new.add("max", Maximum(), *negatives)
    new.add("minimum", NEGATIVE, largest)
    new.finish()


MINIMUM = Pass(name="minimum", visits=(Minimum,), rewrite=_rewrite)
