"""CropTo -> Crop, depthwise Convolutions or two Slices, whichever is the most portable that the net allows.

- Crop(axis 2, offset (top, left)) takes the size, and not one value, from a second bottom (crop_layer.cpp); it copies
  rows, so it is the fastest. It is written where an earlier blob has the very shape of the top: one of other channels
  would do for Caffe, but ncnn then crops the channels as well.
- A depthwise Convolution with one 1 in its filter, at (top, left), and no padding; its kernel is what is cut off, plus
  one: (H - h + 1, W - w + 1). Every engine reads it rightly. A large one is two, (H - h + 1, 1) and (1, W - w + 1),
  because Caffe's im2col makes as many copies of the map as the filter has cells.
- Slice along the rows, Slice along the columns, for what would make too many copies. What is cut off must be given to a
  Silence, which fewer engines know: a blob that nobody reads is an output of a Caffe net.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.layers import Convolution, Crop, Silence, Slice
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.source_layers import CropTo

MOST_CELLS = 9
"""The largest filter, 3 x 3, that is not better taken apart into rows and columns."""
MOST_TAPS = 40
"""The longest filter of one axis; Darknet's [crop] of 256 to 224 takes 33."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, bottom = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, CropTo)
    crop = Crop(axis=2, offset=(layer.top, layer.left))
    kernel = (bottom[2] - layer.height + 1, bottom[3] - layer.width + 1)
    if kernel == (1, 1):
        net.replace(node, [])
    elif context.target.holds(crop, (bottom, net.shapes[node.top])) and (reference := _reference(net, node)):
        net.replace(node, [replace(node, layer=crop, bottoms=(node.bottom, reference))])
    elif max(kernel) <= MOST_TAPS:
        _pick(net, node, (layer.top, layer.left), kernel)
    else:
        _slice(net, node, layer, bottom[2:])


def _reference(net: Net, node: Node) -> str:
    """A blob of the top's shape that exists before the node: what its bottom was made from, else the latest."""
    wanted = net.shapes[node.top]
    for blob in net.producer(node.bottom).bottoms:
        if net.shapes[blob] == wanted:
            return blob
    found = ""
    for earlier in net.nodes:
        if earlier is node:
            break
        found = next((top for top in earlier.tops if net.shapes[top] == wanted), found)
    return found


def _pick(net: Net, node: Node, place: tuple[int, int], kernel: tuple[int, int]) -> None:
    """By convolutions: one if it is small or only one axis is cut, else one for each axis."""
    (top, left), (height, width) = place, kernel
    new, channels = Replacement(net=net, old=node), net.shapes[node.bottom][1]
    steps = [(place, kernel)] if height * width <= MOST_CELLS else [((top, 0), (height, 1)), ((0, left), (1, width))]
    kept = node.bottom
    for at, taps in steps:
        if taps != (1, 1):
            layer = Convolution(num_output=channels, kernel_size=taps, group=channels, bias_term=False)
            kept = new.add("rows", layer, kept, blobs=[_one_hot((channels, 1, *taps), at)])
    new.finish()


def _one_hot(shape: tuple[int, int, int, int], at: tuple[int, int]) -> Blob:
    def compute() -> Array:
        weights = np.zeros(shape, np.float32)
        weights[:, :, at[0], at[1]] = 1.0
        return weights

    return Blob.computed(shape, compute)


def _slice(net: Net, node: Node, layer: CropTo, size: tuple[int, ...]) -> None:
    new, kept, rest = Replacement(net=net, old=node), node.bottom, list[str]()
    parts = ((2, "rows", layer.top, layer.height, size[0]), (3, "columns", layer.left, layer.width, size[1]))
    for axis, what, start, count, length in parts:
        points = tuple(point for point in (start, start + count) if 0 < point < length)
        if points:
            tops = new.split(what, Slice(axis=axis, slice_point=points), kept, tops=len(points) + 1)
            kept = tops.pop(1 if start else 0)
            rest += tops
    last = new.nodes.pop()
    new.nodes.append(replace(last, tops=tuple(node.top if top == kept else top for top in last.tops)))
    new.split("rest", Silence(), *rest, tops=0)
    net.replace(node, new.nodes)


CROP = Pass(name="crop", visits=(CropTo,), rewrite=_rewrite)
