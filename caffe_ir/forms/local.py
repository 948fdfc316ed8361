"""Local -> a Convolution with one group a place.

y[l] = W[l] patch[l] + b[l] for the places l < L = oh ow (local_layer.c, forward_local_layer). The patches come from a
depthwise Convolution with k k one-hot filters a channel (im2col, written as a layer that every engine has): (N, C k k,
oh, ow). An Exchange brings the places in front, (N, L C k k, 1, 1); there a 1x1 Convolution of L groups holds the
weights as they lie in the file. Another Exchange gives (N, num_output, oh, ow). No axis but N is touched by N, and the
products are as many as in the source: a plain convolution masked to one place a filter would cost L times as many.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Reshape
from caffe_ir.layers.source import Exchange, Local
from caffe_ir.replacement import Replacement


def _at_one_place(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Local)
    if layer.output_size(new.shape_of(new.old.bottom)) != (1, 1):
        return "it has more than one place"
    (weights, bias), k, s, p = new.old.blobs, layer.kernel_size, layer.stride, layer.pad
    convolution = Convolution(num_output=layer.num_output, kernel_size=(k, k), stride=(s, s), pad=(p, p))
    blobs = weights.reshaped(weights.shape[1:]), bias.reshaped(bias.shape[:1])
    new.add("place", convolution, new.old.bottom, blobs=blobs)
    return ""


def _by_places(new: Replacement) -> str:
    layer, bottom = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Local)
    channels, size, (weights, bias) = bottom[1], layer.output_size(bottom), new.old.blobs
    n, k, s, p = layer.num_output, layer.kernel_size, layer.stride, layer.pad
    places, cells = size[0] * size[1], channels * k * k
    gather = Convolution(
        num_output=cells, kernel_size=(k, k), stride=(s, s), pad=(p, p), group=channels, bias_term=False
    )
    products = Convolution(num_output=places * n, kernel_size=(1, 1), group=places)
    by_place = Blob.computed((places * n,), lambda: bias.load().reshape(n, places).T.reshape(-1))
    taps = Blob.computed((cells, 1, k, k), lambda: _taps(channels, k), constant=True)
    patches = new.add("patches", gather, new.old.bottom, blobs=[taps])
    columns = new.add("columns", Reshape(shape=(0, cells, places, 1)), patches)
    in_front = new.add("in_front", Reshape(shape=(0, places * cells, 1, 1)), new.add("turned", Exchange(), columns))
    sums = new.add("sums", products, in_front, blobs=[weights.reshaped((places * n, cells, 1, 1)), by_place])
    rows = new.add("rows", Reshape(shape=(0, places, n, 1)), sums)
    new.add("map", Reshape(shape=(0, n, *size)), new.add("turned_back", Exchange(), rows))
    return ""


def _taps(channels: int, kernel_size: int) -> Array:
    """im2col (im2col.c) as filters: channel (c k + i) k + j takes the cell (i, j) of channel c."""
    taps = np.eye(kernel_size * kernel_size, dtype=np.float32)
    return np.tile(taps, (channels, 1)).reshape(-1, 1, kernel_size, kernel_size)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Local: (
        Form(name="Convolution", build=_at_one_place),
        Form(name="Convolution with a group for each place", build=_by_places),
    ),
}
