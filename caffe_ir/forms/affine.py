"""a x + b for each channel, in the layer that a target computes.

- BatchNorm with stored statistics is the Scale a = 1 / sqrt(v + eps), b = -m a, worked out in float64; m and v are
  the first two blobs divided by the third, or 0 where that is 0 (batch_norm_layer.cpp). Where x is near a large m,
  float32 loses digits by it.
- BatchNorm with a larger eps than the default is one with the default, and v + eps - 1e-5.
- Power(1, s, t) is a Scale of s with the bias t, and a square is a product with itself.
- Bias of weights is a Scale of ones with that bias.
- Scale of other axes than the channels is one of (N, C H W, 1, 1), with its weights repeated along the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod

import numpy as np

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer, axis_index
from caffe_ir.layers import BatchNorm, Bias, Eltwise, Power, Scale
from caffe_ir.replacement import Replacement

USUAL_EPS = 1e-5
CANCELS = 1e-3
"""What float32 may lose where a x and m a are large and nearly equal."""


def _of_statistics(new: Replacement) -> str:
    layer, (mean, variance, weight) = new.old.layer, new.old.blobs
    assert isinstance(layer, BatchNorm)
    if not layer.use_global_stats:
        return "its statistics are those of the batch"
    if new.old.param_names:
        return "its statistics are shared"

    def factor() -> Array:
        return np.asarray(1 / np.sqrt(_divided(variance, weight) + layer.eps))

    def bias() -> Array:
        return np.asarray(-_divided(mean, weight) * factor())

    blobs = (Blob.computed(mean.shape, factor), Blob.computed(mean.shape, bias))
    new.add("scale", Scale(bias_term=True), new.old.bottom, blobs=blobs)
    return ""


def _eps_in_variance(new: Replacement) -> str:
    layer, (mean, variance, weight) = new.old.layer, new.old.blobs
    assert isinstance(layer, BatchNorm)
    if layer.eps <= USUAL_EPS or not layer.use_global_stats or new.old.param_names:
        return "its eps is Caffe's default or less, or its statistics are the batch's or shared"
    more = layer.eps - USUAL_EPS
    blobs = (
        Blob.computed(mean.shape, lambda: _divided(mean, weight)),
        Blob.computed(mean.shape, lambda: _divided(variance, weight) + more),
        Blob.of(np.ones(1, np.float32), constant=True),
    )
    new.add("norm", BatchNorm(use_global_stats=True, eps=USUAL_EPS), new.old.bottom, blobs=blobs)
    return ""


def _divided(sums: Blob, weight: Blob) -> Array:
    number = float(weight.load()[0])
    return sums.load().astype(np.float64) * (1 / number if number else 0.0)


def _linear_power(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Power)
    if layer.power != 1 or layer.scale == 0:
        return "it is not linear"
    if len(shape) < 2:
        return "there are no channels"
    numbers = (layer.scale, layer.shift) if layer.shift else (layer.scale,)
    blobs = tuple(Blob.of(np.full(shape[1], number), constant=True) for number in numbers)
    new.add("scale", Scale(bias_term=len(blobs) > 1), new.old.bottom, blobs=blobs)
    return ""


def _square(new: Replacement) -> str:
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, Power)
    if layer.power != 2 or layer.scale == 0:
        return "it is not a square"
    if (layer.scale, layer.shift) != (1.0, 0.0):
        x = new.add("base", Power(scale=layer.scale, shift=layer.shift), x)
    new.add("square", Eltwise(operation="PROD"), x, x)
    return ""


def _of_ones(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Bias)
    if len(new.old.bottoms) > 1 or new.old.param_names:
        return "it is not one of its own weights"
    (bias,) = new.old.blobs
    ones = Blob.computed(bias.shape, partial(np.ones, bias.shape, np.float32), constant=True)
    scale = Scale(axis=layer.axis, num_axes=layer.num_axes, bias_term=True)
    new.add("scale", scale, new.old.bottom, blobs=(ones, bias))
    return ""


def _of_all_values(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottoms[0])
    assert isinstance(layer, Scale)
    if len(new.old.bottoms) > 1 or new.old.param_names:
        return "it is not one of its own weights"
    start = axis_index(layer.axis, len(shape))
    if (start, layer.num_axes) == (1, 1):
        return "it is one of channels already"
    images = shape if start else (1, *shape)  # of factors for each image all images are one
    blobs = tuple(_for_all(blob, start or 1, images[1:]) for blob in new.old.blobs)
    x = new.view("values", new.old.bottom, (images[0], prod(shape) // images[0], 1, 1))
    x = new.add("scale", Scale(bias_term=layer.bias_term), x, blobs=blobs)
    new.view("shape", x, shape)
    return ""


def _for_all(blob: Blob, start: int, shape: Shape) -> Blob:
    """The weights for axes from `start` on, for each value of an image of this shape."""
    behind = prod(shape[start - 1 + len(blob.shape) :])
    if behind == 1:
        return blob.repeated(prod(shape) // blob.count)
    each = Blob.computed((blob.count * behind,), partial(_in_rows, blob, behind), constant=blob.constant)
    return each.repeated(prod(shape) // each.count)


def _in_rows(blob: Blob, times: int) -> Array:
    """Each number so many times."""
    return np.repeat(blob.load().reshape(-1), times)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    BatchNorm: (
        Form(name="its eps in the variance", build=_eps_in_variance),
        Form(name="Scale", build=_of_statistics, loss=lambda layer: CANCELS),
    ),
    Bias: (Form(name="Scale of ones", build=_of_ones),),
    Power: (Form(name="Scale", build=_linear_power), Form(name="a product with itself", build=_square)),
    Scale: (Form(name="Scale of every value", build=_of_all_values),),
}
