"""Reduce -> Pooling over whole axes, or a 1x1 Convolution over the channels.

One run of neighbouring axes after the other, the last first:
- rows and columns of a map, or one of them: Pooling, whose window is the whole of them;
- the channels of a map, summed: a 1x1 Convolution to one channel, of weights scale / C or scale;
- all else: Pooling of windows (R, 1) over the view (.., R, the axes behind as one).
A sum is a mean times the count, a minimum the negative maximum of the negative. Reduction of Caffe can only take the
last axes, and is read rightly by few programs.
"""

from __future__ import annotations

from math import prod
from typing import Literal

import numpy as np

from caffe_ir.blob import Blob, Shape
from caffe_ir.layers import Convolution, Pooling, Power, Reshape
from caffe_ir.layers.source import Reduce
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, shape = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, Reduce)
    runs = [run for run in _runs(layer.axes) if prod(shape[run.start : run.stop]) > 1]
    count = prod(shape[axis] for axis in layer.axes)
    factor = layer.scale * {"SUM": count, "MIN": -1}.get(layer.operation, 1)
    new, x, held = Replacement(net=net, old=node), node.bottom, shape
    if layer.operation == "MIN":
        x = new.add("negative", Power(scale=-1.0), x)
    for run in reversed(runs):
        if layer.operation in ("SUM", "MEAN") and len(shape) == 4 and run == range(1, 2) and held == shape:
            x, held = _over_channels(new, x, held, factor), (shape[0], 1, *shape[2:])
            factor = 1.0
        else:
            x, held = _pooled(new, x, held, shape, run, "MAX" if layer.operation in ("MAX", "MIN") else "AVE")
        shape = (*shape[: run.start], *(1 for _ in run), *shape[run.stop :])
    if factor != 1.0:
        x = new.add("factor", Power(scale=factor), x)
    if held != net.shapes[node.top] or not new.nodes:
        new.add("shape", Reshape(shape=net.shapes[node.top]), x)
    new.finish()


def _runs(axes: tuple[int, ...]) -> list[range]:
    """Rising axes as ranges of neighbours."""
    starts = [axis for axis in axes if axis - 1 not in axes]
    stops = [axis + 1 for axis in axes if axis + 1 not in axes]
    return [range(start, stop) for start, stop in zip(starts, stops, strict=True)]


def _over_channels(new: Replacement, x: str, shape: Shape, factor: float) -> str:
    channels = shape[1]
    gather = Convolution(num_output=1, kernel_size=(1, 1), bias_term=False)
    weights = Blob.of(np.full((1, channels, 1, 1), factor / channels), constant=True)
    return new.add("over_channels", gather, x, blobs=[weights])


def _pooled(
    new: Replacement, x: str, held: Shape, shape: Shape, run: range, pool: Literal["MAX", "AVE"]
) -> tuple[str, Shape]:
    """The run of axes of `shape` pooled to 1, from a blob that holds it as the view `held`; gives the new view."""
    if len(shape) == 4 and run.start >= 2:
        view, kernel = shape, tuple(shape[axis] if axis in run else 1 for axis in (2, 3))
    else:
        batch = (1, 1) if run.start == 0 else (shape[0], prod(shape[1 : run.start]))
        window = prod(shape[run.start : run.stop])
        view, kernel = (*batch, window, prod(shape[run.stop :])), (window, 1)
        if view[3] == 1:
            view, kernel = (batch[0], 1, batch[1], window), (1, window)
    if view != held:
        x = new.add("view", Reshape(shape=view), x)
    whole = kernel == view[2:]
    layer = (
        Pooling(pool=pool, kernel_size=(), global_pooling=True)
        if whole
        else Pooling(pool=pool, kernel_size=(kernel[0], kernel[1]), stride=(kernel[0], kernel[1]))
    )
    x = new.add("pool", layer, x)
    return x, (*view[:2], view[2] // kernel[0], view[3] // kernel[1])


REDUCE = Pass(name="reduce", visits=(Reduce,), rewrite=_rewrite)
