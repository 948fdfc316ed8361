"""Darknet's [shortcut], also between maps of different sizes, as an Eltwise SUM of what was brought to one size.

    out[k, j sample, i sample] = alpha in[...] + beta from[k, j stride, i stride]   for k, j, i below the smaller sizes
    out = in everywhere else                                                        (blas.c, shortcut_cpu)
    stride = max(1, w_from / w_in), sample = max(1, w_in / w_from), whole-numbered

- stride > 1, or fewer channels than `in`: a 1x1 Convolution with that stride and ones on the diagonal. Not a Pooling:
  Caffe's ceil may add a window that lies outside.
- sample > 1, or a smaller map: a depthwise Deconvolution with a single 1 at (0, 0); its stride is sample and its kernel
  as large as it takes to end at the size of `in`: what it does not reach is 0.
- more channels, or a larger map (57 on 29 has stride 1): Crop from 0 on, to the shape of `in`.
- alpha and beta: a Power each, since half of the readers of Caffe files drop the coefficients of Eltwise. alpha that
  reaches a part only: Scale with alpha there and 1 elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.forms.one_hot import picking_cells
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Crop, Deconvolution, Eltwise, Power, Scale
from caffe_ir.layers.source import Shortcut
from caffe_ir.layers.source.arithmetic import Overlap, overlap
from caffe_ir.replacement import Replacement


def _as_a_sum(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Shortcut)
    first, *others = new.old.bottoms
    wanted = new.shape_of(first)
    added = [_placed(new, blob, first) for blob in others]
    alpha, reached = layer.alpha, overlap(wanted, new.shape_of(others[0]))
    if alpha != 1 and not _reaches_all(reached, wanted):
        layer_axes, mask = _mask(reached, wanted, alpha)
        first, alpha = new.add("alpha", Scale(axis=1, num_axes=layer_axes), first, blobs=(mask,)), 1.0
    if alpha != 1:
        first = new.add("alpha", Power(scale=alpha), first)
    if layer.beta != 1:
        added = [new.add("beta", Power(scale=layer.beta), blob) for blob in added]
    new.add("sum", Eltwise(operation="SUM"), first, *added)
    return ""


def _placed(new: Replacement, blob: str, reference: str) -> str:
    """The blob in the shape of the reference: at its places where they overlap, 0 elsewhere."""
    shape, wanted = new.shape_of(blob), new.shape_of(reference)
    (_, channels, *size), o = shape, overlap(wanted, shape)
    if o.stride > 1 or channels < wanted[1]:
        weights = (wanted[1], channels, 1, 1)
        channels = wanted[1]
        matched = Convolution(num_output=channels, kernel_size=(1, 1), stride=(o.stride, o.stride), bias_term=False)
        blob = new.add(
            "matched", matched, blob, blobs=(Blob.computed(weights, partial(_diagonal, weights), constant=True),)
        )
        size = [(length - 1) // o.stride + 1 for length in size]
    kernel = (max(1, wanted[2] - (size[0] - 1) * o.sample), max(1, wanted[3] - (size[1] - 1) * o.sample))
    if kernel != (1, 1):
        step = (o.sample, o.sample)
        placed = Deconvolution(num_output=channels, kernel_size=kernel, stride=step, group=channels, bias_term=False)
        blob = new.add("placed", placed, blob, blobs=(picking_cells(channels, kernel, (0, 0)),))
        size = [(n - 1) * o.sample + k for n, k in zip(size, kernel, strict=True)]
    if (channels, *size) != wanted[1:]:
        axis = 2 if channels == wanted[1] else 1
        blob = new.add("cropped", Crop(axis=axis, offset=(0,) * (4 - axis)), blob, reference)
    return blob


def _diagonal(shape: Shape) -> Array:
    weights = np.zeros(shape, np.float32)
    k = np.arange(min(shape[:2]))
    weights[k, k] = 1.0
    return weights


def _reaches_all(reached: Overlap, wanted: Shape) -> bool:
    return _reaches_planes(reached, wanted) and reached.channels == wanted[1]


def _reaches_planes(reached: Overlap, wanted: Shape) -> bool:
    return reached.sample == 1 and (reached.height, reached.width) == wanted[2:]


def _mask(reached: Overlap, wanted: Shape, alpha: float) -> tuple[int, Blob]:
    """alpha where the other blob reaches and 1 elsewhere: by channel where that says it, else by cell."""
    if _reaches_planes(reached, wanted):
        by_channel = np.ones(wanted[1])
        by_channel[: reached.channels] = alpha
        return 1, Blob.of(by_channel, constant=True)
    mask, step = np.ones(wanted[1:]), reached.sample
    rows, columns = (slice(0, (n - 1) * step + 1, step) for n in (reached.height, reached.width))
    mask[: reached.channels, rows, columns] = alpha
    return 3, Blob.of(mask, constant=True)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Shortcut: (Form(name="Eltwise of what was brought to one size", build=_as_a_sum),),
}
