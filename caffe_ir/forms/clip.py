"""Clip: max(low, min(x, high)) (clip_layer.cpp).

- ReLU6, for 0 and 6; and a file's ReLU6 is a Clip where the target has none.
- low + max(0, (high - low) - max(0, high - x)): no constant, all in place, and high - x can go into the weights of the
  layer before. (x - low) + low is off by a rounding of low: 0.004 in float32 for the 65504 that guards half precision.
- the largest of x and a constant, which Power with scale 0 makes (power_layer.cpp:20-27: whatever its bottom holds);
  min(x, y) = -max(-x, -y). No digit is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from caffe_ir.forms.activation import clamped
from caffe_ir.forms.chain import Chain, chained
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Clip, Eltwise, Power, ReLU, ReLU6
from caffe_ir.replacement import Replacement

ROUNDING = 2.0**-24
"""Of a number in float32, relative to it."""


def _relu6(layer: Layer) -> Chain | None:
    return (ReLU6(),) if layer == Clip(min=0.0, max=6.0) else None


def _clip(layer: Layer) -> Chain:
    return (Clip(min=0.0, max=6.0),)


def _by_relu(layer: Layer) -> Chain:
    assert isinstance(layer, Clip)
    low, high = layer.min, layer.max
    if low > high:
        return (Power(scale=0.0, shift=low),)
    if low == -inf and high == inf:
        return (Power(),)
    if low == -inf:
        return (Power(scale=-1.0, shift=high), ReLU(), Power(scale=-1.0, shift=high))
    if high == inf:
        return (*_shifted(-low), ReLU(), *_shifted(low))
    return (*clamped(1.0, 0.0, high, high - low), *_shifted(low))


def _shifted(by: float) -> Chain:
    return () if by == 0 else (Power(shift=by),)


def _lost(layer: Layer) -> float:
    """Bounds are added and taken away: two roundings of the larger one."""
    assert isinstance(layer, Clip)
    if layer.min > layer.max:
        return 0.0
    return 2 * ROUNDING * max((abs(bound) for bound in (layer.min, layer.max) if abs(bound) < inf), default=0.0)


def _by_constants(new: Replacement) -> str:
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, Clip)
    if layer.min > layer.max or (layer.min, layer.max) == (-inf, inf):
        return "there is nothing to compare with"
    if layer.max < inf:
        x = _largest(new, new.add("negative", Power(scale=-1.0), x), -layer.max)
        x = new.add("high", Power(scale=-1.0), x)
    if layer.min == 0.0:
        new.add("low", ReLU(), x)
    elif layer.min > -inf:
        _largest(new, x, layer.min)
    return ""


def _largest(new: Replacement, x: str, bound: float) -> str:
    constant = new.add("bound", Power(scale=0.0, shift=bound), x)
    return new.add("max", Eltwise(operation="MAX"), x, constant)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Clip: (
        chained("ReLU6", _relu6),
        chained("two ReLU", _by_relu, _lost),
        Form(name="the largest of the values and a constant", build=_by_constants),
    ),
    ReLU6: (chained("Clip", _clip),),
}
