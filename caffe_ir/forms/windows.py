"""Windows of Convolution, Deconvolution and Pooling in a way that a target reads.

- Dilation is zeros between the weights: a kernel of (k - 1) d + 1 cells.
- A transposed convolution of one cell is the same number of products at each cell of its kernel: a 1 x 1 Convolution
  with a channel for each, which a view makes maps of.
- A window as large as its map is a 1 x 1 one over a channel for each cell of it, which a view makes of the map.
- Without a bias is with one of zeros.
- Taps that lie in the padding wherever the window stands, as two of three rows over a map of one, add nothing.
- The maximum over 2 p + 1 cells, p of them padding, at stride 1 is that over 2 q + 1 of that over 2 (p - q) + 1: three
  over 5 cells instead of 13, or six over 3 where the map is smaller than 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Deconvolution, InnerProduct, Pooling, Reshape
from caffe_ir.replacement import Replacement


def _zeros_between(new: Replacement) -> str:
    old, layer = new.old, new.old.layer
    assert isinstance(layer, Convolution | Deconvolution)
    if set(layer.dilation) <= {1}:
        return "it has no dilation"
    if old.param_names or len(old.bottoms) > 1:
        return "its weights are shared, or used twice"
    weights, *bias = old.blobs
    kernel = tuple((taps - 1) * step + 1 for taps, step in zip(layer.kernel_size, layer.dilation, strict=True))
    shape = (*weights.shape[:2], *kernel)
    spread = Blob.computed(shape, partial(_spread, weights, shape, layer.dilation))
    plain = replace(layer, kernel_size=kernel, dilation=(1,) * len(kernel))
    new.add("spread", plain, old.bottom, blobs=(spread, *bias))
    return ""


def _spread(weights: Blob, shape: Shape, steps: Shape) -> Array:
    values = weights.load()
    spread = np.zeros(shape, values.dtype)
    spread[(slice(None), slice(None), *(slice(None, None, step) for step in steps))] = values
    return spread


def _without_unseen_taps(new: Replacement) -> str:
    old, layer, size = new.old, new.old.layer, new.shape_of(new.old.bottoms[0])
    assert isinstance(layer, Convolution)
    if old.param_names or len(old.bottoms) > 1:
        return "its weights are shared, or used twice"
    seen = [range(*_seen(layer, axis, size[2 + axis])) for axis in range(len(layer.kernel_size))]
    pad = tuple(before - part.start * step for before, part, step in zip(layer.pad, seen, layer.dilation, strict=True))
    smaller = replace(layer, kernel_size=tuple(map(len, seen)), pad=pad)
    if smaller == layer:
        return "each of its taps is in the map somewhere"
    if min(pad) < 0 or smaller.infer((size,)) != layer.infer((size,)):
        return "the taps that are left make no window of even padding"
    weights, *bias = old.blobs
    parts = tuple(slice(part.start, part.stop) for part in seen)
    kept = Blob.computed((*weights.shape[:2], *smaller.kernel_size), partial(_part, weights, parts))
    new.add("seen", smaller, old.bottom, blobs=(kept, *bias))
    return ""


def _seen(layer: Convolution, axis: int, size: int) -> tuple[int, int]:
    """The first tap along an axis that is in the map for some place of the window, and the one behind the last."""
    taps, pad, step = layer.kernel_size[axis], layer.pad[axis], layer.stride[axis]
    spread = layer.dilation[axis]
    begins = range(-pad, size + pad - (taps - 1) * spread, step)
    inside = [tap for tap in range(taps) if any(0 <= begin + tap * spread < size for begin in begins)]
    return (min(inside), max(inside) + 1) if inside else (0, taps)


def _part(weights: Blob, parts: tuple[slice, ...]) -> Array:
    return weights.load()[(slice(None), slice(None), *parts)]


def _cells_as_channels(new: Replacement) -> str:
    old, layer, shape = new.old, new.old.layer, new.shape_of(new.old.bottoms[0])
    assert isinstance(layer, Convolution)
    whole = shape[2:] == layer.kernel_size and not any(layer.pad) and set(layer.dilation) == {1}
    if not whole or shape[2:] == (1, 1):
        return "its window is not as large as its map, or its map is one cell"
    if old.param_names or len(old.bottoms) > 1:
        return "its weights are shared, or used twice"
    weights, *bias = old.blobs
    cells = new.add("channels", Reshape(shape=(0, prod(shape[1:]), 1, 1)), old.bottom)
    of_one = Convolution(num_output=layer.num_output, group=layer.group, kernel_size=(1, 1), bias_term=layer.bias_term)
    viewed = weights.reshaped((layer.num_output, prod(weights.shape[1:]), 1, 1))
    x = new.add("products", of_one, cells, blobs=(viewed, *bias))
    if (top := new.shape_of(old.top)) != new.shape_of(x):
        new.add("axes", Reshape(shape=(0, *top[1:])), x)
    return ""


def _of_one_cell(new: Replacement) -> str:
    old, layer, size = new.old, new.old.layer, new.shape_of(new.old.bottoms[0])
    assert isinstance(layer, Deconvolution)
    if size[2:] != (1, 1) or set(layer.dilation) != {1}:
        return "its map has more than one cell, or it has a dilation"
    if old.param_names or len(old.bottoms) > 1:
        return "its weights are shared, or used twice"
    (top,) = layer.infer((size,))
    cells = top[2] * top[3]
    weights, *bias = old.blobs
    shape = (top[1] * cells, size[1] // layer.group, 1, 1)
    blobs = [Blob.computed(shape, partial(_by_cells, weights, layer))]
    blobs += [Blob.computed((shape[0],), partial(_repeated, one, cells)) for one in bias]
    products = Convolution(num_output=shape[0], group=layer.group, kernel_size=(1, 1), bias_term=layer.bias_term)
    x = new.add("cells", products, old.bottom, blobs=blobs)
    new.add("maps", Reshape(shape=(0, *top[1:])), x)
    return ""


def _by_cells(weights: Blob, layer: Deconvolution) -> Array:
    """(inputs, outputs of a group, rows, columns) as (outputs x cells, inputs of a group, 1, 1)."""
    rows, columns = (slice(pad, taps - pad) for pad, taps in zip(layer.pad, layer.kernel_size, strict=True))
    values = weights.load()[:, :, rows, columns]
    grouped = values.reshape(layer.group, -1, values.shape[1], values.shape[2] * values.shape[3])
    return grouped.transpose(0, 2, 3, 1).reshape(-1, grouped.shape[1], 1, 1)


def _repeated(bias: Blob, times: int) -> Array:
    return np.repeat(bias.load(), times)


def _bias_of_zeros(new: Replacement) -> str:
    old, layer = new.old, new.old.layer
    assert isinstance(layer, Convolution | InnerProduct)
    if layer.bias_term or old.param_names or len(old.bottoms) > 1:
        return "it has a bias, or shares its weights"
    zeros = Blob.computed((layer.num_output,), partial(np.zeros, layer.num_output, np.float32), constant=True)
    new.add("biased", replace(layer, bias_term=True), old.bottom, blobs=(*old.blobs, zeros))
    return ""


def _in_a_row(step: int, new: Replacement) -> str:
    """`step` is the padding of each of the maxima."""
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, Pooling)
    plain = layer.pool == "MAX" and layer.kernel_size != () and set(layer.stride) == {1}
    if not plain or any(taps != 2 * pad + 1 for taps, pad in zip(layer.kernel_size, layer.pad, strict=True)):
        return "it is not a maximum at stride 1 with as much padding on each side"
    if max(layer.pad) <= step:
        return "it is small already"
    rest = layer.pad
    while max(rest):
        part = (min(step, rest[0]), min(step, rest[1]))
        rest = (rest[0] - part[0], rest[1] - part[1])
        x = new.add("maxima", Pooling(pool="MAX", kernel_size=(2 * part[0] + 1, 2 * part[1] + 1), pad=part), x)
    return ""


DILATION = Form(name="zeros between the weights", build=_zeros_between)
FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Convolution: (
        DILATION,
        Form(name="a bias of zeros", build=_bias_of_zeros),
        Form(name="without the taps that are in the padding everywhere", build=_without_unseen_taps),
        Form(name="a channel for each cell of the map", build=_cells_as_channels),
    ),
    Deconvolution: (DILATION, Form(name="products of one cell, as maps", build=_of_one_cell)),
    InnerProduct: (Form(name="a bias of zeros", build=_bias_of_zeros),),
    Pooling: (
        Form(name="maxima of 5 cells in a row", build=partial(_in_a_row, 2)),
        Form(name="maxima of 3 cells in a row", build=partial(_in_a_row, 1)),
    ),
}
