"""A Pooling that says where its maxima are, and the Upsample that puts numbers back there -> layers that Caffe has.

For each place i of a window, with x_i the map's numbers at it and p the maxima:

    miss_i = p - x_i > 0        hit_i = 1 - miss_i, and only where each earlier place is a miss
    result = sum over i of (hit_i u) put at place i of its window

Of equal numbers the first is the maximum, as in pooling_layer.cpp and in torch. x_i is a depthwise Convolution with a
single 1, and its transpose puts u back. A place that the last windows have beyond the map is always a miss. This holds
for finite numbers, and where windows do not overlap: a place would be written twice.
"""

from __future__ import annotations

from itertools import product

from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.targets import NO_EXACT_FORM
from caffe_ir.errors import Problems
from caffe_ir.forms.one_hot import picking_cells
from caffe_ir.layers import Convolution, Deconvolution, Eltwise, PlacedPooling, Power, Threshold, Unpool
from caffe_ir.layers.source import CropTo
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.replacement import Replacement


def _run(net: Net, context: Context) -> None:
    problems = Problems()
    for node in list(net.nodes):
        if not isinstance(node.layer, Unpool):
            continue
        pooling = net.producer(node.bottoms[1])
        if why := _hindrance(net, node, pooling):
            what = f"{node.name} ({node.layer}) cannot be written with the layers of Caffe"
            problems.add(what, why=why, origin=node.origin, kind=NO_EXACT_FORM)
            continue
        _unpooled(net, node, pooling)
    for node in list(net.nodes):
        if isinstance(node.layer, PlacedPooling) and not net.is_wanted(node.tops[1]):
            net.values.forget(node.tops[1:])
            net.replace(node, [replace(node, layer=node.layer.alone, tops=node.tops[:1])])
    problems.raise_if_any()


def _hindrance(net: Net, node: Node, pooling: Node) -> str:
    if not isinstance(pooling.layer, PlacedPooling) or node.bottoms[1] != pooling.tops[1]:
        return "the places are not those of a Pooling"
    layer = pooling.layer
    if layer.global_pooling or any(layer.pad) or any(map(int.__lt__, layer.stride, layer.kernel_size)):
        return "the windows of the Pooling overlap, or have padding, or are the whole map"
    sizes, windows = net.shapes[pooling.bottom][2:], net.shapes[pooling.tops[0]][2:]
    begins = ((count - 1) * step for count, step in zip(windows, layer.stride, strict=True))
    if any(begin >= size for begin, size in zip(begins, sizes, strict=True)):
        return "the last window of the Pooling begins behind the map and has no place"
    if net.shapes[node.top] != net.shapes[pooling.bottom]:
        return "its map has another size than the one that was pooled, and a place means another cell in it"
    return ""


def _unpooled(net: Net, node: Node, pooling: Node) -> None:
    new = Replacement(net=net, old=node)
    source, maxima, values = pooling.bottom, pooling.tops[0], node.bottoms[0]
    shape, windows = net.shapes[source], net.shapes[maxima][2:]
    assert isinstance(pooling.layer, PlacedPooling)
    kernel, stride = pooling.layer.kernel_size, pooling.layer.stride
    missed, parts, ones = "", list[str](), ""
    for place in product(*map(range, kernel)):
        cell = _picked(new, source, place, kernel, stride, windows)
        gap = new.add("gap", Eltwise(operation="SUM", coeff=(1.0, -1.0)), maxima, cell)
        miss = new.add("miss", Threshold(threshold=0.0), gap)
        last = (at + (count - 1) * step for at, count, step in zip(place, windows, stride, strict=True))
        if any(end >= size for end, size in zip(last, shape[2:], strict=True)):
            ones = ones or new.add("ones", Power(scale=0.0, shift=1.0), source)
            inside = _picked(new, ones, place, kernel, stride, windows)
            outside = new.add("outside", Power(scale=-1.0, shift=1.0), inside)
            miss = new.add("miss", Eltwise(operation="MAX"), miss, outside)
        hit = new.add("hit", Power(scale=-1.0, shift=1.0), miss)
        kept = new.add("kept", Eltwise(operation="PROD"), values, hit, *([missed] if missed else []))
        parts.append(_put(new, kept, place, kernel, stride, shape[2:]))
        missed = new.add("missed", Eltwise(operation="PROD"), missed, miss) if missed else miss
    last_one = new.nodes[-1]
    if last_one.tops == (missed,):
        new.nodes.pop()  # nothing is behind the last place
    whole = new.add("whole", Eltwise(operation="SUM"), *parts) if len(parts) > 1 else parts[0]
    height, width = shape[2:]
    if new.shape_of(whole)[2:] != (height, width):
        new.add("cut", CropTo(top=0, left=0, height=height, width=width), whole)
    net.note("lowered", f"{node.layer} behind {pooling.name} -> a Convolution for each place of a window", node.origin)
    new.finish()


def _picked(new: Replacement, blob: str, place: Shape, kernel: Shape, stride: Shape, windows: Shape) -> str:
    """The number at one place of each window. Where the last window reaches beyond the map, zeros stand there."""
    sizes = new.shape_of(blob)
    whole = [
        (size - taps) // step + 1 == count
        for size, taps, step, count in zip(sizes[2:], kernel, stride, windows, strict=True)
    ]
    # A window more on either side: the first one is behind the taps that are left out of the filter.
    pad = tuple(0 if all_in else step for all_in, step in zip(whole, stride, strict=True))
    taps = tuple(one + more for one, more in zip(kernel, pad, strict=True))
    at = tuple(one + more for one, more in zip(place, pad, strict=True))
    layer = Convolution(num_output=sizes[1], kernel_size=taps, stride=stride, pad=pad, group=sizes[1], bias_term=False)
    return new.add("cell", layer, blob, blobs=[picking_cells(sizes[1], taps, at)])


def _put(new: Replacement, blob: str, place: Shape, kernel: Shape, stride: Shape, sizes: Shape) -> str:
    """The numbers at one place of each window, and zeros at the others, and behind the last window."""
    _, channels, *counts = new.shape_of(blob)
    reached = ((count - 1) * step for count, step in zip(counts, stride, strict=True))
    taps = tuple(max(one, size - start) for one, size, start in zip(kernel, sizes, reached, strict=True))
    layer = Deconvolution(num_output=channels, kernel_size=taps, stride=stride, group=channels, bias_term=False)
    return new.add("put", layer, blob, blobs=[picking_cells(channels, taps, place)])


UNPOOLING = NetPass(name="unpooling", run=_run)
