"""WindowPool -> Pooling where Caffe's windows are the wanted ones, -> a depthwise Convolution for other means.

Caffe (pooling_layer.cpp:92-118) takes, per axis, the windows i s - p .. i s - p + k clipped to the image, and as many
as ceil((size + 2 p - k) / s) + 1, less one that would begin behind the padding if either axis is padded.
- MAX: what lies outside never counts, so two windows are equal when their cells inside the image are. Any p < k will
  do for which the wanted windows are a contiguous run o .. o + n of Caffe's; the rest is cropped away. Preferred is
  what needs no crop, then the least padding.
- AVE: Pooling divides by the part inside the declared padding, but half of the programs that read Caffe files take
  clipped or padded windows otherwise. So it is written only where no window leaves the image. All else is a depthwise
  Convolution whose filter is 1 / divisor. Where the divisors differ it is 1, and a Scale by 1 / divisor[oh, ow] stands
  behind it; over the view (N C, oh ow, 1, 1), so that it is a Scale of channels, the only one that all programs read
  (OpenCV fails on a Scale over (oh, ow) behind a convolution).
  Zeros at the front (a) or at the end (b) of the filter give it the wanted count without a crop: pad = begin + a,
  k' = k + a + b, (n - 1) s <= size + 2 begin - k + a - b < n s.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.geometry import caffe_pool_output
from caffe_ir.layers import Convolution, Pooling, Reshape, Scale
from caffe_ir.layers.source import CropTo, WindowPool
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

AXES: tuple[Literal[0, 1], Literal[0, 1]] = (0, 1)


class Fit(Struct, frozen=True, kw_only=True):
    """One way to find the wanted windows of one axis among Caffe's: they are those from `offset` on."""

    kernel: int
    pad: int
    offset: int


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, bottom = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, WindowPool)
    if _takes_all(layer, bottom) and (layer.pool == "MAX" or layer.divisors(bottom).item() == bottom[2] * bottom[3]):
        net.replace(node, [replace(node, layer=Pooling(pool=layer.pool, kernel_size=(), global_pooling=True))])
    elif layer.pool == "MAX":
        _maximum(net, node, layer, bottom)
    elif (plain := _plain_mean(layer, bottom)) is not None:
        net.replace(node, [replace(node, layer=plain)])
    else:
        _mean_by_convolution(net, node, layer, bottom)
        net.note("lowered", "the mean over clipped or padded windows became a depthwise convolution", node.origin)


def _takes_all(layer: WindowPool, bottom: Shape) -> bool:
    """Whether there is one window, and it holds the whole image."""
    return all(_takes_whole(layer, axis, bottom[2 + axis]) for axis in AXES)


def _takes_whole(layer: WindowPool, axis: Literal[0, 1], size: int) -> bool:
    """Whether there is one window on an axis, and it holds all of its cells."""
    return layer.output_size[axis] == 1 and layer.cells(axis, size)[1].item() == size


def _maximum(net: Net, node: Node, layer: WindowPool, bottom: Shape) -> None:
    best = min(_choices(layer, bottom), default=None)
    if best is None:
        raise ConversionError(
            Problem(
                what=f"{layer} on {bottom[2]} x {bottom[3]} has no counterpart in Caffe",
                why="no windows of Caffe's Pooling hold the same cells",
                origin=node.origin,
            )
        )
    crop_needed, _, kernel, pad, offset = best
    pooling = Pooling(pool="MAX", kernel_size=kernel, stride=layer.stride, pad=pad)
    if not crop_needed:
        net.replace(node, [replace(node, layer=pooling)])
        return
    (top, left), (height, width) = offset, layer.output_size
    new = Replacement(net=net, old=node)
    ceil = new.add("ceil", pooling, node.bottom)
    new.add("crop", CropTo(top=top, left=left, height=height, width=width), ceil)
    new.finish()
    net.note("lowered", "max pooling with an offset that Caffe lacks -> larger Pooling, then Crop", node.origin)


def _choices(
    layer: WindowPool, bottom: Shape
) -> Iterator[tuple[bool, int, tuple[int, int], tuple[int, int], tuple[int, int]]]:
    """Every right choice as (crop needed, padding in all, kernel, pad, offset): the smallest is the best."""
    size, wanted = (bottom[2], bottom[3]), layer.output_size
    for rows, columns in product(*(_fits(layer, axis, size[axis]) for axis in AXES)):
        kernel, pad = (rows.kernel, columns.kernel), (rows.pad, columns.pad)
        offset = (rows.offset, columns.offset)
        made = caffe_pool_output(size, kernel, layer.stride, pad)
        if all(offset[axis] + wanted[axis] <= made[axis] for axis in AXES):
            yield made != wanted, sum(pad), kernel, pad, offset


def _fits(layer: WindowPool, axis: Literal[0, 1], size: int) -> Iterator[Fit]:
    """The pads under which Caffe's windows hold the wanted ones in a row, from the least on.

    Caffe's window o + i begins at (o + i) s - p, so p = begin + o s; where all windows hold the whole image, others
    would do as well. Every further stride of padding puts one window before the wanted ones and one behind them: no
    more of it is of use than windows are missing, and one more where Caffe leaves out the last one.
    """
    if _takes_whole(layer, axis, size):
        yield Fit(kernel=size, pad=0, offset=0)
        return
    kernel, stride, begin = layer.kernel_size[axis], layer.stride[axis], layer.begin[axis]
    if layer.dilation[axis] > 1 < kernel:
        return
    made = caffe_pool_output((size, size), (kernel, kernel), (stride, stride), (begin, begin))[0]
    most = max(0, layer.output_size[axis] - made) + 1
    for offset in range(most + 1):
        if begin + offset * stride < kernel:
            yield Fit(kernel=kernel, pad=begin + offset * stride, offset=offset)


def _plain_mean(layer: WindowPool, bottom: Shape) -> Pooling | None:
    """Pooling AVE where no window leaves the image and each is divided by all of its cells."""
    kernel, stride, size = layer.kernel_size, layer.stride, (bottom[2], bottom[3])
    full = all(
        layer.begin[axis] == 0
        and layer.dilation[axis] == 1
        and (layer.output_size[axis] - 1) * stride[axis] + kernel[axis] <= size[axis]
        for axis in AXES
    )
    counted = np.all(layer.divisors(bottom) == kernel[0] * kernel[1])
    if not full or not counted or caffe_pool_output(size, kernel, stride, (0, 0)) != layer.output_size:
        return None
    return Pooling(pool="AVE", kernel_size=kernel, stride=stride)


def _mean_by_convolution(net: Net, node: Node, layer: WindowPool, bottom: Shape) -> None:
    divisors, channels = layer.divisors(bottom), bottom[1]
    uniform = bool(np.all(divisors == divisors[0, 0]))
    taps, pad = zip(*(_extended(layer, axis, bottom[2 + axis]) for axis in AXES), strict=True)
    kernel = np.outer(*taps) / (divisors[0, 0] if uniform else 1.0)
    convolution = Convolution(
        num_output=channels, kernel_size=kernel.shape, stride=layer.stride, pad=pad, group=channels, bias_term=False
    )
    weights = Blob.computed((channels, 1, *kernel.shape), lambda: _repeated(kernel, channels), constant=True)
    if uniform:
        net.replace(node, [replace(node, layer=convolution, blobs=(weights,))])
        return
    new = Replacement(net=net, old=node)
    sums = new.add("sum", convolution, node.bottom, blobs=[weights])
    places = new.add("places", Reshape(shape=(-1, divisors.size, 1, 1)), sums)
    means = new.add("means", Scale(), places, blobs=[Blob.of(1.0 / divisors.reshape(-1), constant=True)])
    new.add("map", Reshape(shape=(-1, channels, *layer.output_size)), means)
    new.finish()


def _repeated(kernel: Array, channels: int) -> Array:
    return np.broadcast_to(kernel, (channels, 1, *kernel.shape)).copy()


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


POOLING = Pass(name="pooling", visits=(WindowPool,), rewrite=_rewrite)
