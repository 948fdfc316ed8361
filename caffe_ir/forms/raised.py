"""Caffe's own layers as the source layer that says the same: what has forms for other targets there has them here too.

- Pooling: the windows that Caffe takes (pooling_layer.cpp, Reshape), as a WindowPool.
- InnerProduct: a Linear over rows of all axes from `axis` on, its weights not turned.
- Scale and Bias of two blobs: the product and the sum with the second one, with axes of size 1 around it.
- Reduction: the sum or mean over the last axes; of magnitudes or squares after AbsVal or Power.
- Crop of rows and columns: a CropTo, which needs no second blob for its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Literal

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer, axis_index
from caffe_ir.layers import AbsVal, Bias, Crop, InnerProduct, Pooling, Power, Reduction, Scale
from caffe_ir.layers.source import Add, CropTo, Linear, Mul, Reduce, WindowPool
from caffe_ir.replacement import Replacement

MAP_AXES = 4


def _windows(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Pooling)
    kernel, pad = layer.kernel_size or shape[2:], layer.pad
    (top,) = layer.infer((shape,))
    windows = WindowPool(
        pool=layer.pool,
        kernel_size=(kernel[0], kernel[1]),
        stride=(layer.stride[0], layer.stride[1]),
        output_size=(top[2], top[3]),
        begin=(pad[0], pad[1]),
        end=(pad[0], pad[1]),
        divisor="padded",
    )
    new.add("windows", windows, new.old.bottom)
    return ""


def _rows(new: Replacement) -> str:
    old, shape = new.old, new.shape_of(new.old.bottom)
    layer = old.layer
    assert isinstance(layer, InnerProduct)
    axis = axis_index(layer.axis, len(shape))
    if old.param_names and layer.transpose:
        return "its weights are shared"
    weights, *bias = old.blobs
    if layer.transpose:
        turned = weights
        weights = Blob.computed((turned.shape[1], turned.shape[0]), lambda: np.ascontiguousarray(turned.load().T))
    x = new.view("rows", old.bottom, (*shape[:axis], prod(shape[axis:])))
    linear = Linear(num_output=layer.num_output, bias_term=layer.bias_term)
    new.add("product", linear, x, blobs=(weights, *bias))
    new.nodes[-1] = replace(new.nodes[-1], param_names=old.param_names)
    return ""


def _product(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Scale)
    if len(new.old.bottoms) == 1:
        return "it has no second blob"
    product = new.add("product", Mul(), new.old.bottoms[0], _aligned(new, layer.axis))
    if layer.bias_term:
        new.add("bias", Bias(axis=layer.axis, num_axes=len(new.old.blobs[0].shape)), product, blobs=new.old.blobs)
    return ""


def _sum(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Bias)
    if len(new.old.bottoms) == 1:
        return "it has no second blob"
    new.add("sum", Add(), new.old.bottoms[0], _aligned(new, layer.axis))
    return ""


def _aligned(new: Replacement, axis: int) -> str:
    """The second blob with as many axes as the first, its own from `axis` on and the others of size 1."""
    first, second = new.shapes_of(new.old.bottoms)
    start = axis_index(axis, len(first)) if second else 0
    behind = len(first) - start - len(second)
    return new.view("aligned", new.old.bottoms[1], (*(1,) * start, *second, *(1,) * behind))


def _reduced(new: Replacement) -> str:
    layer, shape, x = new.old.layer, new.shape_of(new.old.bottom), new.old.bottom
    assert isinstance(layer, Reduction)
    if layer.operation == "ASUM":
        x = new.add("magnitudes", AbsVal(), x)
    elif layer.operation == "SUMSQ":
        x = new.add("squares", Power(power=2.0), x)
    axes = tuple(range(axis_index(layer.axis, len(shape)), len(shape)))
    operation: Literal["SUM", "MEAN"] = "MEAN" if layer.operation == "MEAN" else "SUM"
    new.add("reduced", Reduce(operation=operation, axes=axes, scale=layer.coeff), x)
    return ""


def _cut(new: Replacement) -> str:
    layer = new.old.layer
    first, second = new.shapes_of(new.old.bottoms)
    assert isinstance(layer, Crop)
    axis = axis_index(layer.axis, len(first))
    if len(first) != MAP_AXES or axis < 2:
        return "it crops other axes than rows and columns"
    offsets = (layer.offset or (0,)) * (MAP_AXES - axis) if len(layer.offset) < 2 else layer.offset
    top, left = offsets if axis == 2 else (0, offsets[0])
    height = second[2] if axis == 2 else first[2]
    new.add("cut", CropTo(top=top, left=left, height=height, width=second[3]), new.old.bottoms[0])
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Bias: (Form(name="a sum", build=_sum),),
    Crop: (Form(name="a crop of known size", build=_cut),),
    InnerProduct: (Form(name="a product with rows", build=_rows),),
    Pooling: (Form(name="its windows", build=_windows),),
    Reduction: (Form(name="a sum over axes", build=_reduced),),
    Scale: (Form(name="a product", build=_product),),
}
