"""Linear -> InnerProduct on rows: Reshape to (all axes before, K), InnerProduct, Reshape.

InnerProduct along another axis than the first is legal in Caffe and read wrongly by other programs
(inner_product_layer.cpp flattens from `axis` on); two views cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from msgspec.structs import replace

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import InnerProduct, Reshape
from caffe_ir.layers.source import Linear
from caffe_ir.replacement import Replacement


def _on_rows(new: Replacement) -> str:
    old, shape = new.old, new.shape_of(new.old.bottom)
    layer, rows = old.layer, (prod(shape[:-1]), shape[-1])
    assert isinstance(layer, Linear)
    x = old.bottom if shape == rows else new.add("rows", Reshape(shape=rows), old.bottom)
    x = new.add("product", InnerProduct(num_output=layer.num_output, bias_term=layer.bias_term), x, blobs=old.blobs)
    new.nodes[-1] = replace(new.nodes[-1], param_names=old.param_names)
    if shape != rows:
        new.add("shape", Reshape(shape=(*shape[:-1], layer.num_output)), x)
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {Linear: (Form(name="InnerProduct on rows", build=_on_rows),)}
