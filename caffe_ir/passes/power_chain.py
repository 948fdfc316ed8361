"""Power behind a linear Power -> one: (s (a x + b) + t)^p = (s a x + s b + t)^p.

One layer less to run, and OpenCV computes the pair wrongly: it folds the second into the first without looking at p.
The first must be linear, read by nothing else, and small: the product s b is rounded anew, which for |b| up to 16 is no
more than the sum was rounded before.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers import Power
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

LARGEST = 16.0


def _rewrite(net: Net, node: Node, context: Context) -> None:
    second, before = node.layer, net.producer(node.bottom)
    first = before.layer
    assert isinstance(second, Power)
    if not isinstance(first, Power) or first.power != 1 or second.scale * second.power * first.scale == 0:
        return
    if not net.is_read_once(before.top):
        return
    if second.scale != 1 and abs(first.shift) > LARGEST:
        return
    merged = Power(
        power=second.power, scale=second.scale * first.scale, shift=second.scale * first.shift + second.shift
    )
    net.update(node, replace(node, layer=merged, bottoms=before.bottoms))
    net.remove(before)


POWER_CHAIN = Pass(name="power_chain", visits=(Power,), rewrite=_rewrite)
