"""Products, sums and maxima of blobs whose shapes differ, by numpy's rules, from layers that never broadcast.

- Equal shapes: Eltwise PROD, SUM or MAX.
- A product with numbers for some axes in a row, from axis 0 on or for the whole batch, as (N, C, 1, 1) for channels:
  Reshape to those axes, and Scale with two bottoms from the first of them on (scale_layer.cpp: the shape of the second
  bottom must be that part of the first's; a 1 is not broadcast).
- All else: the smaller blob is brought to the shape by one product with 1 for each value, then Eltwise. One channel to
  many is a 1x1 Convolution of ones; one row or column to many a Deconvolution of ones over that many, depthwise; both
  are read rightly by engines that refuse or mistake Tile, which remains for the batch and for blobs without 4 axes.
  Bias with two bottoms is never written: most readers have it wrong.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from caffe_ir.blob import Blob, Shape
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Deconvolution, Eltwise, Reshape, Scale, Tile
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.source_layers import Add, Maximum, Mul, Sub

ELTWISE: dict[type[Layer], Eltwise] = {
    Mul: Eltwise(operation="PROD"),
    Add: Eltwise(operation="SUM"),
    Maximum: Eltwise(operation="MAX"),
    Sub: Eltwise(operation="SUM", coeff=(1.0, -1.0)),
}


def _rewrite(net: Net, node: Node, context: Context) -> None:
    wanted, new = net.shapes[node.top], Replacement(net=net, old=node)
    first, second = (_ranked(new, blob, len(wanted)) for blob in node.bottoms)
    factor = _factor(first, second, wanted) if isinstance(node.layer, Mul) else None
    if factor is not None:
        (whole, shape), (by, axes) = factor
        start = axes.start
        dims = wanted[start : axes.stop] if start else (0, *wanted[1 : axes.stop])
        bottoms = _grown(new, whole, shape, wanted), new.add("factors", Reshape(shape=dims), by)
        new.add("product", Scale(axis=start), *bottoms)
    else:
        grown = [_grown(new, blob, shape, wanted) for blob, shape in (first, second)]
        new.add("eltwise", ELTWISE[type(node.layer)], *grown)
    new.finish()
    net.note("lowered", f"{node.layer} -> {', '.join(one.layer.type_name() for one in new.nodes)}", node.origin)


Ranked = tuple[str, Shape]
"""A blob with its shape, which has as many axes as the result."""


def _ranked(new: Replacement, blob: str, axes: int) -> Ranked:
    shape = new.net.shapes[blob]
    if len(shape) == axes:
        return blob, shape
    shape = (1,) * (axes - len(shape)) + shape
    return new.add("view", Reshape(shape=shape), blob), shape


def _factor(first: Ranked, second: Ranked, wanted: Shape) -> tuple[Ranked, tuple[str, range]] | None:
    """Which one can multiply the other as a Scale's second bottom, and the axes that it then has."""
    for whole, (by, shape) in ((first, second), (second, first)):
        axes = _axes(shape, wanted)
        if axes is not None:
            return whole, (by, axes)
    return None


def _axes(shape: Shape, wanted: Shape) -> range | None:
    """The axes in a row on which a smaller shape is the wanted one, where it is 1 on all others.

    They start with the batch; or, where the blob has no batch but the result has, anywhere.
    """
    if shape == wanted:
        return None
    told = [axis for axis, size in enumerate(shape) if size != 1]
    without_batch = shape[0] == 1 != wanted[0]
    start = told[0] if without_batch and told else 0
    stop = told[-1] + 1 if told else 1
    fits = shape[start:stop] == wanted[start:stop]
    return range(start, stop) if fits else None


def _grown(new: Replacement, blob: str, shape: Shape, wanted: Shape) -> str:
    """The blob, repeated along the axes on which it is 1 and the wanted shape is not."""
    grows = [size != target for size, target in zip(shape, wanted, strict=True)]
    tiled = [axis for axis, grow in enumerate(grows) if grow and (axis == 0 or len(shape) != 4)]
    for axis in tiled:
        blob = new.add("tiled", Tile(axis=axis, tiles=wanted[axis]), blob)
    if len(shape) != 4 or not any(grows[1:]):
        return blob
    channels = wanted[1]
    if not any(grows[2:]):
        spread = Convolution(num_output=channels, kernel_size=(1, 1), bias_term=False)
        return new.add("spread", spread, blob, blobs=(_ones((channels, 1, 1, 1)),))
    kernel = tuple(size if grow else 1 for size, grow in zip(wanted[2:], grows[2:], strict=True))
    group = 1 if grows[1] else channels
    layer = Deconvolution(num_output=channels, kernel_size=kernel, group=group, bias_term=False)
    return new.add("spread", layer, blob, blobs=(_ones((group, channels // group, *kernel)),))


def _ones(shape: Shape) -> Blob:
    return Blob.computed(shape, partial(np.ones, shape, np.float32), constant=True)


BROADCAST = Pass(name="broadcast", visits=tuple(ELTWISE), rewrite=_rewrite)
