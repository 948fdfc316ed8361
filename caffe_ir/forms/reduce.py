"""Reduce: sums, means and extremes of whole axes, one run of neighbouring axes after the other, the last first.

- Rows and columns of a map, or one of them: Pooling, whose window is the whole of them. All else: Pooling of windows
  (R, 1) over the view (.., R, the axes behind as one).
- The channels of a map, summed: a 1x1 Convolution to one channel, of weights scale / C or scale. Those of rows (N, C):
  an InnerProduct of such weights.

BVLC Caffe adds up a window in float32, one number after the other (pooling_layer.cpp, Forward_cpu): a mean over very
many cells is one of means, which loses fewer digits.

A sum is a mean times the count, a minimum the negative maximum of the negative. Reduction of Caffe can only take the
last axes, and is read rightly by few programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import isqrt, prod
from typing import Literal

import numpy as np

from caffe_ir.blob import Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, InnerProduct, Pooling, Power
from caffe_ir.layers.source import Reduce
from caffe_ir.replacement import Replacement

CHANNELS = range(1, 2)
MANY = 1 << 16
"""Cells of a mean. That of 262,144 numbers from 0 to 1 is off by 8e-6 of itself, that of 512 means of 512 by 4e-7."""
MAP_AXES = 4
ROW_AXES = 2


def _by_pooling(new: Replacement) -> str:
    layer, shape, runs = _asked(new)
    _reduced(new, layer, shape, runs, over_channels=False)
    return ""


def _by_a_convolution(new: Replacement) -> str:
    layer, shape, runs = _asked(new)
    if len(shape) != MAP_AXES or CHANNELS not in runs or layer.operation not in ("SUM", "MEAN"):
        return "it is not a sum over the channels of a map"
    _reduced(new, layer, shape, runs, over_channels=True)
    return ""


def _by_an_inner_product(new: Replacement) -> str:
    layer, shape, runs = _asked(new)
    if len(shape) != ROW_AXES or runs != [CHANNELS] or layer.operation not in ("SUM", "MEAN"):
        return "it is not a sum over the numbers of rows"
    factor = layer.scale / (1 if layer.operation == "SUM" else shape[1])
    weights = Blob.computed((1, shape[1]), partial(np.full, (1, shape[1]), factor), constant=True)
    total = new.add("over_channels", InnerProduct(num_output=1, bias_term=False), new.old.bottom, blobs=[weights])
    new.view("shape", total, layer.infer((shape,))[0])
    return ""


def _asked(new: Replacement) -> tuple[Reduce, Shape, list[range]]:
    """The layer, the shape of its bottom, and the runs of axes in which there is something to do."""
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Reduce)
    return layer, shape, [run for run in _runs(layer.axes) if prod(shape[run.start : run.stop]) > 1]


def _reduced(new: Replacement, layer: Reduce, shape: Shape, runs: list[range], *, over_channels: bool) -> None:
    x, (wanted,) = new.old.bottom, layer.infer((shape,))
    factor = layer.scale * {"SUM": prod(shape[axis] for axis in layer.axes), "MIN": -1}.get(layer.operation, 1)
    if layer.operation == "MIN":
        x = new.add("negative", Power(scale=-1.0), x)
    for run in reversed(runs):
        if over_channels and run == CHANNELS:
            x, factor = _over_channels(new, x, factor), 1.0
        else:
            x = _pooled(new, x, shape, run, "MAX" if layer.operation in ("MAX", "MIN") else "AVE")
        shape = (*shape[: run.start], *(1 for _ in run), *shape[run.stop :])
    if factor != 1.0:
        x = new.add("factor", Power(scale=factor), x)
    new.view("shape", x, wanted)


def _runs(axes: tuple[int, ...]) -> list[range]:
    """Rising axes as ranges of neighbours."""
    starts = [axis for axis in axes if axis - 1 not in axes]
    stops = [axis + 1 for axis in axes if axis + 1 not in axes]
    return [range(start, stop) for start, stop in zip(starts, stops, strict=True)]


def _over_channels(new: Replacement, x: str, factor: float) -> str:
    channels = new.shape_of(x)[1]
    gather, shape = Convolution(num_output=1, kernel_size=(1, 1), bias_term=False), (1, channels, 1, 1)
    weights = Blob.computed(shape, partial(np.full, shape, factor / channels), constant=True)
    return new.add("over_channels", gather, x, blobs=[weights])


def _pooled(new: Replacement, x: str, shape: Shape, run: range, pool: Literal["MAX", "AVE"]) -> str:
    """The run of axes of `shape` pooled to 1, from a blob that holds the same numbers in the same order."""
    cells = prod(shape[run.start : run.stop])
    parts = part_of(cells) if pool == "AVE" and cells > MANY else 1
    if parts > 1:
        front, behind = shape[: run.start], shape[run.stop :]
        inner = range(run.start + 1, run.start + 2)
        x = _pooled(new, x, (*front, cells // parts, parts, *behind), inner, pool)
        return _pooled(new, x, (*front, cells // parts, *behind), range(run.start, run.start + 1), pool)
    if len(shape) == MAP_AXES and run.start >= 2:
        view, kernel = shape, (shape[2] if 2 in run else 1, shape[3] if 3 in run else 1)
    else:
        batch = (1, 1) if run.start == 0 else (shape[0], prod(shape[1 : run.start]))
        window = prod(shape[run.start : run.stop])
        view, kernel = (*batch, window, prod(shape[run.stop :])), (window, 1)
        if view[3] == 1:
            view, kernel = (batch[0], 1, batch[1], window), (1, window)
    whole = kernel == view[2:]
    layer = (
        Pooling(pool=pool, kernel_size=(), global_pooling=True)
        if whole
        else Pooling(pool=pool, kernel_size=kernel, stride=kernel)
    )
    return new.add("pool", layer, new.view("view", x, view))


def part_of(size: int) -> int:
    """The largest part, no larger than the square root, into which a size divides."""
    return next(part for part in range(isqrt(size), 0, -1) if size % part == 0)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Reduce: (
        Form(name="Pooling of whole axes", build=_by_pooling),
        Form(name="a 1x1 Convolution over the channels", build=_by_a_convolution),
        Form(name="InnerProduct of ones", build=_by_an_inner_product),
    ),
}
