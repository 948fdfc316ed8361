"""Softplus -> BNLL between two Power: log(1 + e^(beta x)) / beta.

torch takes x itself above the threshold. What is left out there is log(1 + e^-z) of z = beta x > threshold, at most
1.1e-10 of the value for torch's 20; for thresholds below 19 the two are distinguished: with m = 1 where z > threshold
and s the softplus of z, z m + s (1 - m).
"""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import BNLL, Eltwise, Power, Threshold
from caffe_ir.layers.source import Softplus
from caffe_ir.replacement import Replacement

UNSEEN = 19.0
"""log(1 + e^-19) / 19 < 3e-10: less than float32 and our own tolerance can see."""
PRODUCT = Eltwise(operation="PROD")


def _smooth(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Softplus)
    if layer.threshold < UNSEEN:
        return f"above {layer.threshold:g} / beta it is x itself"
    _unscaled(new, layer, new.add("bnll", BNLL(), _scaled(new, layer)))
    return ""


def _by_threshold(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Softplus)
    z = _scaled(new, layer)
    y = new.add("bnll", BNLL(), z)
    above = new.add("above", Threshold(threshold=layer.threshold), z)
    below = new.add("below", Power(scale=-1.0, shift=1.0), above)
    linear, smooth = new.add("linear", PRODUCT, above, z), new.add("smooth", PRODUCT, below, y)
    _unscaled(new, layer, new.add("sum", Eltwise(operation="SUM"), linear, smooth))
    return ""


def _scaled(new: Replacement, layer: Softplus) -> str:
    return new.old.bottom if layer.beta == 1 else new.add("scaled", Power(scale=layer.beta), new.old.bottom)


def _unscaled(new: Replacement, layer: Softplus, y: str) -> None:
    if layer.beta != 1:
        new.add("unscaled", Power(scale=1 / layer.beta), y)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Softplus: (
        Form(name="BNLL", build=_smooth),
        Form(name="BNLL up to the threshold, x above it", build=_by_threshold),
    ),
}
