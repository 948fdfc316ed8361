"""WindowPool: means over any windows, also clipped, padded or dilated ones, as depthwise Convolutions.

The filter is 1 / divisor where that is the same everywhere. Where the divisors differ it is one number a, and a Scale
by 1 / (a divisor[oh, ow]) stands behind it, as a Scale of channels, the only one that all programs read (OpenCV fails
on a Scale over (oh, ow) behind a convolution): over the view (N C, oh ow, 1, 1), or over (N, C oh ow, 1, 1), whose
weights are C times as many and which leaves the batch alone.

With a = 1 a file would hold 1/6 in float32, off by 3e-8 of itself, and 1/9 by 7e-9, always to one side: a map less its
own mean shows it, and layers add it up. So a is the number of TAPS with which the factors are off by least: 683/1024
for 4, 6 and 9 cells, by 1.2e-10.

Zeros at the front (a) or at the end (b) of the filter give it the wanted count of windows without a crop:
pad = begin + a, k' = k + a + b, (n - 1) s <= size + 2 begin - k + a - b < n s.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Reshape, Scale
from caffe_ir.layers.source import WindowPool
from caffe_ir.replacement import Replacement

AXES: tuple[Literal[0, 1], Literal[0, 1]] = (0, 1)
TAPS = np.arange(1024, 511, -1) / 1024
"""What a filter may be made of: 1, and less, in so few bits that half precision holds it too."""

COMMON = 256
"""So many divisors are looked at, the commonest: for many different ones no number is better than another."""


def _by_one_divisor(new: Replacement) -> str:
    layer, divisors = _asked(new)
    if layer.pool != "AVE":
        return "it is not a mean"
    if np.any(divisors != divisors[0, 0]):
        return "its divisors differ"
    _sums(new, layer, float(divisors[0, 0]))
    return ""


def _by_place(new: Replacement) -> str:
    layer, divisors = _asked(new)
    if layer.pool != "AVE":
        return "it is not a mean"
    tap = _tap(divisors)
    sums, channels = _sums(new, layer, 1.0 / tap), new.shape_of(new.old.bottom)[1]
    places = new.add("places", Reshape(shape=(-1, divisors.size, 1, 1)), sums)
    means = new.add("means", Scale(), places, blobs=[Blob.of(1.0 / (tap * divisors.reshape(-1)), constant=True)])
    new.add("map", Reshape(shape=(-1, channels, *layer.output_size)), means)
    return ""


def _by_value(new: Replacement) -> str:
    layer, divisors = _asked(new)
    if layer.pool != "AVE":
        return "it is not a mean"
    tap = _tap(divisors)
    sums, channels = _sums(new, layer, 1.0 / tap), new.shape_of(new.old.bottom)[1]
    factors = Blob.computed(
        (channels * divisors.size,), partial(_repeated, 1.0 / (tap * divisors), channels), constant=True
    )
    values = new.add("places", Reshape(shape=(0, channels * divisors.size, 1, 1)), sums)
    means = new.add("means", Scale(), values, blobs=[factors])
    new.add("map", Reshape(shape=(0, channels, *layer.output_size)), means)
    return ""


def _asked(new: Replacement) -> tuple[WindowPool, Array]:
    """The layer, and the divisor of each place."""
    layer = new.old.layer
    assert isinstance(layer, WindowPool)
    return layer, layer.divisors(new.shape_of(new.old.bottom))


def _tap(divisors: Array) -> float:
    """The number of TAPS with which the factors 1 / (tap divisor) are off by least in float32, on average."""
    each, places = np.unique(divisors, return_counts=True)
    common = np.argsort(-places, kind="stable")[:COMMON]
    each, places = each[common], places[common]
    products = np.multiply.outer(TAPS, each)
    lost = np.abs((1.0 / products).astype(np.float32) * products - 1.0) @ places
    return float(TAPS[lost.argmin()])


def _sums(new: Replacement, layer: WindowPool, divisor: float) -> str:
    """The sums of the windows, divided by one number."""
    bottom = new.shape_of(new.old.bottom)
    taps, pad = zip(*(_extended(layer, axis, bottom[2 + axis]) for axis in AXES), strict=True)
    kernel, channels = np.outer(*taps) / divisor, bottom[1]
    convolution = Convolution(
        num_output=channels, kernel_size=kernel.shape, stride=layer.stride, pad=pad, group=channels, bias_term=False
    )
    shape = (channels, 1, *kernel.shape)
    weights = Blob.computed(shape, lambda: _repeated(kernel, channels).reshape(shape), constant=True)
    return new.add("sum", convolution, new.old.bottom, blobs=[weights])


def _repeated(kernel: Array, channels: int) -> Array:
    return np.tile(kernel.reshape(-1), channels)


def _extended(layer: WindowPool, axis: Literal[0, 1], size: int) -> tuple[Array, int]:
    """The taps of one axis, with the zeros that give the filter the wanted count of windows, and its padding."""
    kernel, dilation, begin = layer.kernel_size[axis], layer.dilation[axis], layer.begin[axis]
    stride, count, extent = layer.stride[axis], layer.output_size[axis], (kernel - 1) * dilation + 1
    slack = size + 2 * begin - extent
    front = max(0, (count - 1) * stride - slack)
    behind = max(0, slack - (count * stride - 1))
    taps = np.zeros(front + extent + behind)
    taps[front : front + extent : dilation] = 1.0
    return taps, begin + front


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    WindowPool: (
        Form(name="a depthwise Convolution", build=_by_one_divisor),
        Form(name="a depthwise Convolution and a factor for each place", build=_by_place),
        Form(name="a depthwise Convolution and a factor for each value", build=_by_value),
    ),
}
