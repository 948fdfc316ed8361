"""L2Norm -> x * (sum over channels of x^2)^-1/2 (l2norm_layer.c; no epsilon)."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Power
from caffe_ir.layers.source import L2Norm, Mul, Reduce
from caffe_ir.replacement import Replacement


def _by_the_inverse_root(new: Replacement) -> str:
    squares = new.add("squares", Power(power=2.0), new.old.bottom)
    total = new.add("sum", Reduce(operation="SUM", axes=(1,), keepdim=True), squares)
    new.add("product", Mul(), new.old.bottom, new.add("inverse", Power(power=-0.5), total))
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    L2Norm: (Form(name="a product with the inverse root of the sum of squares", build=_by_the_inverse_root),),
}
