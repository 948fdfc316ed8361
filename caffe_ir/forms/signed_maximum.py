"""SignedMaximum: the maximum of shifted maps, Eltwise MAX, which begins with no number of its own.

The border is repeated first: a window that holds a cell and reaches beyond the map holds the border's cell that is
copied there.
- Along an axis the maximum over b cells is that over a cells at the places 0, a, 2 a ... b - a, where b <= r a: so
  windows grow from 1 to k by steps of r. Of a stride each s-th place is taken.
- Or a map for each cell of the window: a depthwise Convolution with a single 1 there, of the windows' stride.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import product

from caffe_ir.forms.form import Form
from caffe_ir.forms.one_hot import picking_cells
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Eltwise
from caffe_ir.layers.source import CropTo, Gather, Pad, SignedMaximum, WindowPool
from caffe_ir.replacement import Replacement

AXES = (0, 1)


def _of_shifted_maps(growth: int, new: Replacement) -> str:
    """`growth` is how many windows of one step make one of the next."""
    windows, x = _asked(new)
    for axis in AXES:
        x = _along(new, x, axis, windows.kernel_size[axis], growth)
    for axis in AXES:
        count, step = windows.output_size[axis], windows.stride[axis]
        places = tuple(range(0, (count - 1) * step + 1, step))
        if len(places) != new.shape_of(x)[2 + axis]:
            x = new.add("taken", Gather(axis=2 + axis, indices=places), x)
    return "" if new.nodes else "its windows are single cells"


def _of_a_map_for_each_cell(new: Replacement) -> str:
    windows, x = _asked(new)
    if len({step for step, count in zip(windows.stride, windows.output_size, strict=True) if count > 1}) > 1:
        return "its strides differ"
    channels, kernel = new.shape_of(x)[1], windows.kernel_size
    strides = tuple(
        max(windows.stride) if count == 1 else step
        for step, count in zip(windows.stride, windows.output_size, strict=True)
    )
    layer = Convolution(num_output=channels, group=channels, kernel_size=kernel, stride=strides, bias_term=False)
    if layer.infer((new.shape_of(x),))[0][2:] != windows.output_size:
        return "as many cells are left behind the last window as another one has"
    places = product(*map(range, kernel))
    maps = [new.add("cell", layer, x, blobs=[picking_cells(channels, kernel, place)]) for place in places]
    if len(maps) > 1:
        new.add("largest", Eltwise(operation="MAX"), *maps)
    return ""


def _asked(new: Replacement) -> tuple[WindowPool, str]:
    """The windows, and the map with its border repeated, into which each of them fits."""
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, SignedMaximum)
    windows, shape = layer.windows, new.shape_of(x)
    ends = [
        (count - 1) * step - begin + taps
        for count, step, begin, taps in zip(
            windows.output_size, windows.stride, windows.begin, windows.kernel_size, strict=True
        )
    ]
    behind = [max(0, end - size) for end, size in zip(ends, shape[2:], strict=True)]
    if any((*windows.begin, *behind)):
        x = new.add("bordered", Pad(mode="replicate", before=(0, 0, *windows.begin), after=(0, 0, *behind)), x)
    return windows, x


def _along(new: Replacement, x: str, axis: int, kernel: int, growth: int) -> str:
    """The maxima over so many cells along an axis, at each place where they fit."""
    reached = 1
    while reached < kernel:
        wider = min(kernel, reached * growth)
        height, width = (
            size - (wider - reached) * (one == axis) for one, size in zip(AXES, new.shape_of(x)[2:], strict=True)
        )
        starts = sorted({*range(0, wider - reached, reached), wider - reached})
        parts = [
            new.add("shifted", CropTo(top=start * (axis == 0), left=start * (axis == 1), height=height, width=width), x)
            for start in starts
        ]
        x, reached = new.add("larger", Eltwise(operation="MAX"), *parts), wider
    return x


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    SignedMaximum: (
        Form(name="the maximum of a map for each cell of a window", build=_of_a_map_for_each_cell),
        Form(name="maxima of two shifted maps in a row", build=partial(_of_shifted_maps, 2)),
        Form(name="maxima of three shifted maps in a row", build=partial(_of_shifted_maps, 3)),
    ),
}
