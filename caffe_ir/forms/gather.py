"""Gather: values of one axis, picked and put in an order.

- All places in order: nothing. Rows or columns of a map in a row: CropTo.
- Every s-th row or column: a depthwise Convolution of stride s with a single 1, its filter as long as their count asks.
- Few runs of places, all of which are wanted: a Slice at their ends, and a Concat of the parts in the wanted order.
- All else: Resample with one 1 in each row, for which there is a product of matrices.

Where a run is not wanted there is no Slice: a part that nobody reads would be an output of a Caffe net
(net.cpp:226-235).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import prod

import numpy as np

from caffe_ir.cost import Work, joined
from caffe_ir.forms.form import Form
from caffe_ir.forms.one_hot import picking_cells, picking_rows
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Convolution, Slice
from caffe_ir.layers.source import CropTo, Gather, Resample
from caffe_ir.replacement import Replacement


def _nothing(new: Replacement) -> str:
    layer, size = _asked(new)
    return "" if layer.indices == tuple(range(size)) else "not all places are taken in order"


def _as_crop(new: Replacement) -> str:
    layer, _ = _asked(new)
    shape, runs = new.shape_of(new.old.bottom), _runs(layer.indices)
    if len(shape) != 4 or layer.axis < 2 or len(runs) > 1:
        return "it takes no rows or columns of a map that lie in a row"
    first, count = layer.indices[0], len(layer.indices)
    crop = (
        CropTo(top=first, left=0, height=count, width=shape[3])
        if layer.axis == 2
        else CropTo(top=0, left=first, height=shape[2], width=count)
    )
    new.add("rows", crop, new.old.bottom)
    return ""


def _by_strides(new: Replacement) -> str:
    """The filter is as long as it must be for as many windows as there are places."""
    layer, size = _asked(new)
    shape, indices = new.shape_of(new.old.bottom), layer.indices
    steps = set(np.unique(np.diff(indices)).tolist())
    if len(shape) != 4 or layer.axis < 2 or len(steps) != 1 or min(steps) < 2:
        return "it takes no every s-th row or column of a map"
    (step,), channels = steps, shape[1]
    length = max(indices[0] + 1, size - len(indices) * step + 1)
    kernel, stride, at = ((length, 1), (step, 1), (indices[0], 0))
    if layer.axis == 3:
        kernel, stride, at = kernel[::-1], stride[::-1], at[::-1]
    convolution = Convolution(num_output=channels, kernel_size=kernel, stride=stride, group=channels, bias_term=False)
    new.add("strided", convolution, new.old.bottom, blobs=[picking_cells(channels, kernel, at)])
    return ""


def _by_parts(new: Replacement) -> str:
    layer, size = _asked(new)
    runs = _runs(layer.indices)
    bounds = sorted({0, size, *(run.start for run in runs), *(run.stop for run in runs)})
    places = {bound: place for place, bound in enumerate(bounds)}
    parts = [part for run in runs for part in pairwise(bounds[places[run.start] : places[run.stop] + 1])]
    if set(parts) != set(pairwise(bounds)):
        return "a part of the Slice would be an output of the net"
    if len(parts) == 1:
        return "there is one part"
    held = {(0, size): new.old.bottom}
    if len(bounds) > 2:
        points = tuple(bounds[1:-1])
        tops = new.split("part", Slice(axis=layer.axis, slice_point=points), new.old.bottom, tops=len(points) + 1)
        held = dict(zip(pairwise(bounds), tops, strict=True))
    new.add("joined", Concat(axis=layer.axis), *(held[part] for part in parts))
    return ""


def _at_least_the_runs(new: Replacement) -> Work:
    layer, size = _asked(new)
    each = prod(new.shape_of(new.old.bottom)) // size
    return joined(len(_runs(layer.indices)), each * len(layer.indices))


def _by_a_matrix(new: Replacement) -> str:
    layer, size = _asked(new)
    resample = Resample(axes=(layer.axis,), output_size=(len(layer.indices),))
    new.add("picked", resample, new.old.bottom, blobs=[picking_rows(layer.indices, size)])
    return ""


def _asked(new: Replacement) -> tuple[Gather, int]:
    """The layer, and the size of its axis."""
    layer = new.old.layer
    assert isinstance(layer, Gather)
    return layer, new.shape_of(new.old.bottom)[layer.axis]


def _runs(indices: tuple[int, ...]) -> list[range]:
    """The places as ranges of rising neighbours."""
    breaks = [0, *(np.flatnonzero(np.diff(indices) != 1) + 1).tolist(), len(indices)]
    return [range(indices[start], indices[stop - 1] + 1) for start, stop in pairwise(breaks)]


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Gather: (
        Form(name="nothing", build=_nothing),
        Form(name="a crop", build=_as_crop),
        Form(name="a strided depthwise Convolution", build=_by_strides),
        Form(name="Slice and Concat", build=_by_parts, least=_at_least_the_runs),
        Form(name="a matrix of ones and zeros", build=_by_a_matrix),
    ),
}
