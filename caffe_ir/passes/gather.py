"""Gather -> a crop, a strided depthwise Convolution, Slice and Concat, or a matrix of ones and zeros.

- All places in order: nothing. Rows or columns of a map in a row: CropTo.
- Every s-th row or column: a depthwise Convolution of stride s with a single 1, its filter as long as their count asks.
- Few runs of places: a Slice at all their ends, and a Concat of the parts in the wanted order. What no run takes goes
  to a Silence: a blob that nobody reads would be an output of the net.
- All else: Resample with one 1 in each row, for which there is a product of matrices.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.layers import Concat, Convolution, Silence, Slice
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.source_layers import CropTo, Gather, Resample

MOST_PARTS = 16
"""The most bottoms of the Concat."""
MOST_CELLS = 16
"""The longest filter of the strided form."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, shape = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, Gather)
    size, indices = shape[layer.axis], layer.indices
    runs, on_map = _runs(indices), len(shape) == 4 and layer.axis >= 2
    bounds = sorted({0, size, *(run.start for run in runs), *(run.stop for run in runs)})
    parts = [part for run in runs for part in pairwise(bounds) if part[0] in run]
    if indices == tuple(range(size)):
        net.replace(node, [])
    elif on_map and len(runs) == 1:
        net.replace(node, [replace(node, layer=_crop(layer, shape))])
    elif on_map and (kernel := _filter(indices, size)):
        net.replace(node, [_strided(node, layer, shape[1], kernel)])
    elif len(parts) <= MOST_PARTS:
        _joined(net, node, layer.axis, bounds, parts)
    else:
        matrix = Blob.computed((len(indices), size), partial(_one_hot, indices, size))
        resample = Resample(axes=(layer.axis,), output_size=(len(indices),))
        net.replace(node, [replace(node, layer=resample, blobs=(matrix,))])


def _runs(indices: tuple[int, ...]) -> list[range]:
    """The places as ranges of rising neighbours."""
    breaks = [0, *(place for place in range(1, len(indices)) if indices[place] != indices[place - 1] + 1), len(indices)]
    return [range(indices[start], indices[stop - 1] + 1) for start, stop in pairwise(breaks)]


def _crop(layer: Gather, shape: tuple[int, ...]) -> CropTo:
    first, count = layer.indices[0], len(layer.indices)
    if layer.axis == 2:
        return CropTo(top=first, left=0, height=count, width=shape[3])
    return CropTo(top=0, left=first, height=shape[2], width=count)


def _filter(indices: tuple[int, ...], size: int) -> int:
    """The length of a filter whose windows of the stride of the places are as many as those; 0 where there is none."""
    steps = {second - first for first, second in pairwise(indices)}
    if len(steps) != 1 or min(steps) < 2:
        return 0
    length = max(indices[0] + 1, size - len(indices) * min(steps) + 1)
    return length if length <= MOST_CELLS else 0


def _strided(node: Node, layer: Gather, channels: int, kernel: int) -> Node:
    step = layer.indices[1] - layer.indices[0]
    sizes, strides = ((kernel, 1), (step, 1)) if layer.axis == 2 else ((1, kernel), (1, step))
    convolution = Convolution(num_output=channels, kernel_size=sizes, stride=strides, group=channels, bias_term=False)
    weights = np.zeros((channels, 1, kernel), np.float32)
    weights[:, :, layer.indices[0]] = 1.0
    return replace(node, layer=convolution, blobs=(Blob.of(weights.reshape(channels, 1, *sizes)),))


def _joined(net: Net, node: Node, axis: int, bounds: list[int], parts: list[tuple[int, int]]) -> None:
    new, held = Replacement(net=net, old=node), {(0, bounds[-1]): node.bottom}
    if len(bounds) > 2:
        tops = new.split("part", Slice(axis=axis, slice_point=tuple(bounds[1:-1])), node.bottom, tops=len(bounds) - 1)
        held = dict(zip(pairwise(bounds), tops, strict=True))
    unread = [top for part, top in held.items() if part not in parts]
    if len(parts) > 1:
        new.add("joined", Concat(axis=axis), *(held[part] for part in parts))
        if not unread:
            new.finish()
            return
        joined = new.nodes[-1]
        new.nodes[-1] = replace(joined, name=node.name, tops=node.tops)
    else:
        last = new.nodes.pop()
        new.nodes.append(replace(last, tops=tuple(node.top if top == held[parts[0]] else top for top in last.tops)))
    new.split("rest", Silence(), *unread, tops=0)
    net.replace(node, new.nodes)


def _one_hot(indices: tuple[int, ...], size: int) -> Array:
    matrix = np.zeros((len(indices), size), np.float32)
    matrix[np.arange(len(indices)), indices] = 1.0
    return matrix


GATHER = Pass(name="gather", visits=(Gather,), rewrite=_rewrite)
