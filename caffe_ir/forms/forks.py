"""Layers of forks that compute what Caffe's own do, in another spelling or in several layers.

- X2Paddle's LRN: Caffe's, with another alpha.
- Normalize: x times (sum x^2 + eps)^-1/2, and a Scale. Axpy: a product and a sum.
- ConvolutionDepthwise, DepthwiseConvolution: a Convolution with a group for each channel.
- Pooling with ceil_mode: the same with round_mode. Convolution with a hole: the same with a dilation.
- Dropout with scale_train: its factor at inference.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    Axpy,
    CeilModePooling,
    Convolution,
    ConvolutionDepthwise,
    DepthwiseConvolution,
    HoleConvolution,
    MeanLRN,
    Normalize,
    Pooling,
    Power,
    Scale,
    UnscaledDropout,
)
from caffe_ir.layers.source import Add, Mul, Reduce
from caffe_ir.replacement import Replacement


def _by_length(new: Replacement) -> str:
    old, layer, x = new.old, new.old.layer, new.old.bottom
    assert isinstance(layer, Normalize)
    if old.param_names:
        return "its weights are shared"
    channels, (scale,) = new.shape_of(x)[1], old.blobs
    squares = new.add("squares", Power(power=2.0), x)
    axes = (1, 2, 3) if layer.across_spatial else (1,)
    total = new.add("sum", Reduce(operation="SUM", axes=axes, keepdim=True), squares)
    inverse = new.add("inverse", Power(power=-0.5, shift=layer.eps), total)
    product = new.add("unit", Mul(), x, inverse)
    blob = Blob.computed((channels,), lambda: np.full(channels, scale.load())) if layer.channel_shared else scale
    new.add("scaled", Scale(), product, blobs=(blob,))
    return ""


def _product_and_sum(new: Replacement) -> str:
    factor, x, y = new.old.bottoms
    shape = new.shape_of(x)
    product = new.add("product", Mul(), x, new.view("factor", factor, (*shape[:2], 1, 1)))
    new.add("sum", Add(), product, y)
    return ""


def _plain_convolution(new: Replacement) -> str:
    old, layer = new.old, new.old.layer
    assert isinstance(layer, Convolution)
    plain = Convolution(**{name: getattr(layer, name) for name in Convolution.__struct_fields__})
    shared, count = old.param_names, len(old.tops)
    tops = new.split("convolved", plain, *old.bottoms, blobs=old.blobs, tops=count, param_names=shared)
    if count > 1:
        new.held = dict(zip(old.tops, tops, strict=True))
    return ""


def _rounded(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, CeilModePooling)
    new.add("pooled", Pooling(**{name: getattr(layer, name) for name in Pooling.__struct_fields__}), new.old.bottom)
    return ""


def _factor(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, UnscaledDropout)
    if layer.factor != 1:
        new.add("scaled", Power(scale=layer.factor), new.old.bottom)
    return ""


def _lrn(new: Replacement) -> str:
    assert isinstance(new.old.layer, MeanLRN)
    new.add("lrn", new.old.layer.of_caffe, new.old.bottom)
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Axpy: (Form(name="a product and a sum", build=_product_and_sum),),
    CeilModePooling: (Form(name="Pooling", build=_rounded),),
    ConvolutionDepthwise: (Form(name="Convolution with a group for each channel", build=_plain_convolution),),
    DepthwiseConvolution: (Form(name="Convolution with a group for each channel", build=_plain_convolution),),
    HoleConvolution: (Form(name="Convolution with a dilation", build=_plain_convolution),),
    MeanLRN: (Form(name="LRN", build=_lrn),),
    Normalize: (Form(name="a product with the inverse length", build=_by_length),),
    UnscaledDropout: (Form(name="Power", build=_factor),),
}
