"""Power behind Power -> one.

- (s (a x + b) + t)^p = (s a x + s b + t)^p. One layer less to run, and OpenCV computes the pair wrongly: it folds the
  second into the first without looking at p. The first must be small: the product s b is rounded anew, which for |b| up
  to 16 is no more than the sum was rounded before.
- ((a x + b)^p)^q = (a x + b)^(p q) where neither p nor p q is a whole number: both sides are the same from 0 to
  infinity, and no number below 0. The inverse of a root is one layer then.
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
    if not isinstance(first, Power) or not net.is_read_once(before.top):
        return
    merged = _one(first, second)
    if merged is not None and (
        first.power == 1 or context.target.holds(merged, net.shapes_of(before.bottoms), net.images)
    ):
        net.update(node, replace(node, layer=merged, bottoms=before.bottoms))
        net.remove(before)


def _one(first: Power, second: Power) -> Power | None:
    """The Power that is both, one behind the other; None where none is."""
    if first.power == 1:
        if second.scale * second.power * first.scale == 0 or (second.scale != 1 and abs(first.shift) > LARGEST):
            return None
        shift = second.scale * first.shift + second.shift
        return Power(power=second.power, scale=second.scale * first.scale, shift=shift)
    power = first.power * second.power
    if (second.scale, second.shift) != (1.0, 0.0) or first.power.is_integer() or power.is_integer():
        return None
    return replace(first, power=power)


POWER_CHAIN = Pass(name="power_chain", visits=(Power,), rewrite=_rewrite)
