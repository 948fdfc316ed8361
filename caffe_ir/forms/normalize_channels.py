"""AlexeyAB's channel normalisation: f times the inverse of its sum at each place.

y = f / (1e-4 + sum over the channels of f),   f = max(x, 0), e^x or e^(x - max(x))     (activations.c)
"""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Exp, Power, ReLU
from caffe_ir.layers.source import Mul, NormalizeChannels, Reduce, Sub
from caffe_ir.replacement import Replacement


def _by_the_inverse_sum(new: Replacement) -> str:
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, NormalizeChannels)
    if layer.subtract_max:
        x = new.add("shifted", Sub(), x, new.add("max", Reduce(operation="MAX", axes=(1,), keepdim=True), x))
    f = new.add("exp", Exp(), x) if layer.softmax else new.add("relu", ReLU(), x)
    total = new.add("sum", Reduce(operation="SUM", axes=(1,), keepdim=True), f)
    new.add("product", Mul(), f, new.add("inverse", Power(power=-1.0, shift=layer.eps), total))
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    NormalizeChannels: (Form(name="a product with the inverse of the sum", build=_by_the_inverse_sum),),
}
