"""Clip with far bounds -> the largest of the values and a constant, which loses no digit.

What other passes write for Clip adds the bound and takes it away again: (x - low) + low is off by a rounding of low,
0.004 in float32 for the 65504 that guards half precision. Here a bound beyond 16 is a constant of its own, made by
Power with scale 0 (power_layer.cpp:20-27: whatever its bottom holds), for Eltwise MAX; min(x, y) = -max(-x, -y).
"""

from __future__ import annotations

from math import inf

from caffe_ir.layers import Clip, Eltwise, Power
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

NEAR = 16.0
"""A bound whose rounding in float32 is 1e-6 at most."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer = node.layer
    assert isinstance(layer, Clip)
    far_low, far_high = (NEAR < abs(bound) < inf for bound in (layer.min, layer.max))
    if context.target.holds(layer, net.shapes_of(node.bottoms)) or layer.min > layer.max or not (far_low or far_high):
        return
    new, x = Replacement(net=net, old=node), node.bottom
    rest = Clip(min=-inf if far_low else layer.min, max=inf if far_high else layer.max)
    if rest != Clip(min=-inf, max=inf):
        x = new.add("near", rest, x)
    if far_high:
        negative = new.add("negative", Power(scale=-1.0), x)
        x = new.add("high", Power(scale=-1.0), _largest(new, negative, -layer.max))
    if far_low:
        _largest(new, x, layer.min)
    new.finish()
    net.note("lowered", f"{layer} -> the largest of the values and a constant", node.origin)


def _largest(new: Replacement, x: str, bound: float) -> str:
    constant = new.add("bound", Power(scale=0.0, shift=bound), x)
    return new.add("max", Eltwise(operation="MAX"), x, constant)


FAR_CLIP = Pass(name="far_clip", visits=(Clip,), rewrite=_rewrite)
