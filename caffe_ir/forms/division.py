"""Div -> a product with the inverse: x / y = x * y^-1. Quotients with constants are the pass division's."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Power
from caffe_ir.layers.source import Div, Mul
from caffe_ir.replacement import Replacement


def _by_the_inverse(new: Replacement) -> str:
    dividend, divisor = new.old.bottoms
    new.add("product", Mul(), dividend, new.add("inverse", Power(power=-1.0), divisor))
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Div: (Form(name="a product with the inverse", build=_by_the_inverse),),
}
