"""Linear: each row of K values times the weights, where rows are the last axis.

- Reshape to (all axes before, K), InnerProduct, Reshape. InnerProduct along another axis than the first is legal in
  Caffe and read wrongly by other programs (inner_product_layer.cpp flattens from `axis` on); two views cost nothing.
- The rows as pictures (rows, K, 1, 1), and a 1x1 Convolution.
- The rows of one image as windows of a map of one channel; the Convolution makes the outputs channels, and an Exchange
  brings them behind the rows. The batch stays the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from msgspec.structs import replace

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, InnerProduct
from caffe_ir.layers.source import Exchange, Linear
from caffe_ir.replacement import Replacement


def _on_rows(new: Replacement) -> str:
    old, shape = new.old, new.shape_of(new.old.bottom)
    layer, rows = old.layer, (prod(shape[:-1]), shape[-1])
    assert isinstance(layer, Linear)
    x = new.view("rows", old.bottom, rows)
    x = new.add("product", InnerProduct(num_output=layer.num_output, bias_term=layer.bias_term), x, blobs=old.blobs)
    new.nodes[-1] = replace(new.nodes[-1], param_names=old.param_names)
    new.view("shape", x, (*shape[:-1], layer.num_output))
    return ""


def _on_pictures(new: Replacement) -> str:
    old, shape = new.old, new.shape_of(new.old.bottom)
    pictures = (prod(shape[:-1]), shape[-1], 1, 1)
    x = _product(new, new.view("rows", old.bottom, pictures), (1, 1))
    new.view("shape", x, (*shape[:-1], _outputs(old.layer)))
    return ""


def _on_windows(new: Replacement) -> str:
    old, shape = new.old, new.shape_of(new.old.bottom)
    batch, rows, row = shape[0], prod(shape[1:-1]), shape[-1]
    if len(shape) == 2:
        return "each image is one row"
    x = _product(new, new.view("rows", old.bottom, (batch, 1, rows, row)), (1, row))
    if rows > 1:
        x = new.add("exchanged", Exchange(), x)
    new.view("shape", x, (*shape[:-1], _outputs(old.layer)))
    return ""


def _outputs(layer: Layer) -> int:
    assert isinstance(layer, Linear)
    return layer.num_output


def _product(new: Replacement, x: str, kernel: tuple[int, int]) -> str:
    layer, (weights, *bias) = new.old.layer, new.old.blobs
    assert isinstance(layer, Linear)
    convolution = Convolution(num_output=layer.num_output, kernel_size=kernel, bias_term=layer.bias_term)
    filters = weights.reshaped((layer.num_output, prod(weights.shape[1:]) // prod(kernel), *kernel))
    x = new.add("product", convolution, x, blobs=[filters, *bias])
    if new.old.param_names:  # by one name Caffe shares weights of one shape alone (net.cpp, AppendParam)
        first, *others = new.old.param_names
        names = (f"{first}_{kernel[0]}x{kernel[1]}", *others)
        new.nodes[-1] = replace(new.nodes[-1], param_names=names)
    return x


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Linear: (
        Form(name="InnerProduct on rows", build=_on_rows),
        Form(name="a 1x1 Convolution on rows", build=_on_pictures),
        Form(name="a Convolution of rows as windows", build=_on_windows),
    ),
}
