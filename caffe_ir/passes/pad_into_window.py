"""A Pad in front of windows is taken into them: into Convolutions, and into WindowPool.

Convolution of kernel k, stride s, dilation d over `before` and `after` zeros, and Caffe's own pad p on either side:
window i begins at i s - (p + before). The same windows of a symmetric pad P: with f zeros put before the filter and b
behind it, multiples of d, P = p + before + f, and as many windows when

    (size + 2 P - k' - f - b) // s = (size + 2 p + before + after - k') // s,   k' = d (k - 1) + 1

Without zeros where that holds at once, as it often does for s > 1; else with as few as do, unless a layer that makes
the border costs less: as a 3x3 filter a 2x2 one takes 9/4 of the multiply-adds.
WindowPool says by itself where windows begin. A maximum does not see what lies outside, which is a border of minus
infinity; a border of zeros, if nothing in the blob is negative. A mean counts the border as its own padding.
"""

from __future__ import annotations

from functools import partial
from math import inf

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.cost import work
from caffe_ir.forms.pad import zeros_around
from caffe_ir.geometry import conv_output, extent
from caffe_ir.layers import Clip, Convolution, ReLU, Sigmoid
from caffe_ir.layers.source import Pad, WindowPool
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.targets.price import Price


def _rewrite(net: Net, node: Node, context: Context) -> None:
    pad, readers = node.layer, net.consumers(node.top)
    assert isinstance(pad, Pad)
    spatial = pad.before[:2] == pad.after[:2] == (0, 0) and min(*pad.before, *pad.after) >= 0
    if pad.mode != "constant" or not spatial or not readers or net.is_output(node.top):
        return
    absorbed = [_absorbed(net, node, pad, reader) for reader in readers]
    taken = [reader for reader in absorbed if reader is not None]
    if len(taken) < len(readers) or _is_cheaper_apart(net, node, pad, taken, context.target.price):
        return
    for old, new in zip(readers, taken, strict=True):
        net.update(old, replace(new, bottoms=(node.bottom,)))
    net.remove(node)
    net.note("folded", f"{pad} became the padding of {', '.join(reader.name for reader in readers)}", node.origin)


def _absorbed(net: Net, node: Node, pad: Pad, reader: Node) -> Node | None:
    layer = reader.layer
    if isinstance(layer, Convolution) and pad.value == 0 and layer.axis == 1:
        return _convolution(net, node, pad, reader, layer)
    if isinstance(layer, WindowPool):
        pooled = _pool(net, node, pad, layer)
        return None if pooled is None else replace(reader, layer=pooled)
    return None


def _convolution(net: Net, node: Node, pad: Pad, reader: Node, layer: Convolution) -> Node | None:
    zeros, pads = list[tuple[int, int]](), list[int]()
    steps = zip(layer.kernel_size, layer.stride, layer.pad, layer.dilation, strict=True)
    for axis, (taps, stride, own, dilation) in enumerate(steps, 2):
        sides = pad.before[axis], pad.after[axis]
        found = _zeros(net.shapes[node.bottom][axis], sides, taps, stride, own, dilation)
        if found is None:
            return None
        zeros.append(found)
        pads.append(own + sides[0] + found[0] * dilation)
    if not any(map(any, zeros)):
        return replace(reader, layer=replace(layer, pad=tuple(pads)))
    if reader.param_names:  # another layer reads the same weights
        return None
    kernel = tuple(size + sum(extra) for size, extra in zip(layer.kernel_size, zeros, strict=True))
    weights, margins = reader.blobs[0], [(0, 0), (0, 0), *zeros]
    extended = Blob.computed(
        (*weights.shape[:2], *kernel), partial(_extended, weights, margins), constant=weights.constant
    )
    return replace(
        reader,
        layer=replace(layer, kernel_size=kernel, pad=tuple(pads)),
        blobs=(extended, *reader.blobs[1:]),
    )


def _is_cheaper_apart(net: Net, node: Node, pad: Pad, taken: list[Node], price: Price) -> bool:
    """Whether a layer that makes the border costs less than the zeros in the filters of the readers."""
    readers = net.consumers(node.top)
    alike = all(
        not old.blobs or old.blobs[0].shape == new.blobs[0].shape for old, new in zip(readers, taken, strict=True)
    )
    if alike or len(pad.before) != 4:  # the layer that makes a border is one for maps
        return False
    before = net.shapes_of(node.bottoms)
    apart = price.of(work(zeros_around(pad.before, pad.after, before[0][1]), before))
    apart += sum(price.of(work(old.layer, net.shapes_of(old.bottoms))) for old in readers)
    return apart < sum(price.of(work(new.layer, before)) for new in taken)


def _zeros(
    size: int, sides: tuple[int, int], kernel: int, stride: int, pad: int, dilation: int
) -> tuple[int, int] | None:
    """How many zero taps to put before and behind the filter of one axis; None where no number of them will do."""
    wanted = conv_output(size + sum(sides), kernel, stride, pad, dilation)
    span, most = extent(kernel, dilation), abs(sides[1] - sides[0]) // dilation + 2
    for front, behind in (pair for taps in range(most) for pair in ((0, taps), (taps, 0))):
        begin = pad + sides[0] + front * dilation
        room = size + 2 * begin - span - (front + behind) * dilation
        if room >= 0 and room // stride + 1 == wanted:
            return front, behind
    return None


def _extended(weights: Blob, margins: list[tuple[int, int]]) -> Array:
    return np.pad(weights.load(), margins)


def _pool(net: Net, node: Node, pad: Pad, layer: WindowPool) -> WindowPool | None:
    before, after = (pad.before[2], pad.before[3]), (pad.after[2], pad.after[3])
    begin = (layer.begin[0] + before[0], layer.begin[1] + before[1])
    end = (layer.end[0] + after[0], layer.end[1] + after[1])
    if layer.pool == "MAX":
        unseen = pad.value == -inf or (pad.value == 0 and _never_negative(net, node.bottom))
        grown = replace(layer, begin=begin, end=end)
        size = net.shapes[node.bottom][2:]
        inside = all(grown.cells(axis, size[axis])[1][place] for axis in (0, 1) for place in (0, -1))
        return grown if unseen and inside else None
    if pad.value != 0:
        return None
    if isinstance(layer.divisor, int) or layer.divisor == "padded":
        return replace(layer, begin=begin, end=end)
    untouched = not any((*layer.begin, *layer.end))
    return replace(layer, begin=begin, end=end, divisor="padded") if untouched else None


def _never_negative(net: Net, blob: str) -> bool:
    layer = net.producer(blob).layer
    return layer == ReLU() or isinstance(layer, Sigmoid) or (isinstance(layer, Clip) and layer.min >= 0)


PAD_INTO_WINDOW = Pass(name="pad_into_window", visits=(Pad,), rewrite=_rewrite)
