"""A lower bound behind a root -> before it: max(x^p, c) = max(x, c^(1/p))^p for x >= 0, p > 0 and c > 0.

F.normalize divides by max(|x|, c), whose root and inverse are one Power then. Whether x may be below 0, where a root is
no number, is read off what x is made of. Where c^(1/p) has no room in float32 nothing is done.
"""

from __future__ import annotations

from math import inf

from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import AbsVal, Clip, Power, ReLU, Reshape, Sigmoid
from caffe_ir.layers.source import Reduce
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

SMALLEST, LARGEST = 2.0**-126, 2.0**127
"""Of the normal numbers in float32."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    bound, before = node.layer, net.producer(node.bottom)
    root = before.layer
    assert isinstance(bound, Clip)
    if bound.max != inf or not 0 < bound.min < inf or not net.is_read_once(before.top):
        return
    if (
        not isinstance(root, Power)
        or root.power.is_integer()
        or root.power < 0
        or (root.scale, root.shift) != (1.0, 0.0)
    ):
        return
    moved = _power(bound.min, 1 / root.power)
    if not SMALLEST <= moved <= LARGEST or not _is_positive(net, before.bottom):
        return
    first, second = before.top, node.top
    net.values.forget([first])
    net.update(before, replace(before, layer=replace(bound, min=moved)))
    net.update(node, replace(node, layer=root, bottoms=(first,), tops=(second,)))


def _power(number: float, power: float) -> float:
    """0 or infinity where it is beyond float64."""
    try:
        return float(number**power)
    except OverflowError:
        return inf


def _is_positive(net: Net, blob: str) -> bool:
    """Whether no number of a blob can be below 0, by the layers that make it."""
    producer = net.producer(blob)
    while _keeps_sign(producer.layer):
        producer = net.producer(producer.bottom)
    layer = producer.layer
    if isinstance(layer, Power):
        return layer.power % 2 == 0
    return isinstance(layer, AbsVal | Sigmoid) or (isinstance(layer, ReLU) and layer.negative_slope <= 0)


def _keeps_sign(layer: Layer) -> bool:
    return isinstance(layer, Reshape) or (isinstance(layer, Reduce) and layer.scale > 0)


CLIPPED_ROOT = Pass(name="clipped_root", visits=(Clip,), rewrite=_rewrite)
