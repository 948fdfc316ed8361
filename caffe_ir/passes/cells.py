"""Cells of blocks side by side as channels, as in YOLOv5's Focus -> part of the Convolution that reads them.

- A Concat of x[..., dy::s, dx::t], each of them two Gathers or one, is one Cells layer.
- A Convolution of stride u, padding q and kernel k x l on all cells of the blocks is one on the blocks, of stride u s,
  padding q s and kernel k s x l t: block j of its window begins at cell j s, so that
      W'[o, c, j s + dy, i t + dx] = W[o, p C + c, j, i]  with (dy, dx) = cells[p].
  It multiplies as often, and no number changes. Padding stands for whole blocks of zeros in both.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.layer import Layer, axis_index
from caffe_ir.layers import Concat, Convolution
from caffe_ir.layers.source import Cells, Gather, SpaceToDepth
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

MAP_AXES = 4


class Picked(Struct, frozen=True, kw_only=True):
    """Every s-th row and every t-th column of a blob, from a cell on."""

    blob: str
    stride: tuple[int, int] = (1, 1)
    cell: tuple[int, int] = (0, 0)


def _rewrite(net: Net, node: Node, context: Context) -> None:
    if isinstance(node.layer, Concat):
        _raise(net, node)
    else:
        _fold(net, node)


def _raise(net: Net, node: Node) -> None:
    shape = net.shapes[node.top]
    assert isinstance(node.layer, Concat)
    if len(shape) != MAP_AXES or axis_index(node.layer.axis, MAP_AXES) != 1 or len(node.bottoms) == 1:
        return
    picked = [_picked(net, bottom) for bottom in node.bottoms]
    strides = {(one.blob, one.stride) for one in picked}
    if len(strides) > 1 or picked[0].stride == (1, 1):
        return
    layer = Cells(stride=picked[0].stride, cells=tuple(one.cell for one in picked))
    net.update(node, replace(node, layer=layer, bottoms=(picked[0].blob,)))
    for bottom in node.bottoms:
        _bury(net, bottom)


def _picked(net: Net, blob: str) -> Picked:
    """What a blob is of the first one that some Gathers of rows and columns lead back to."""
    producer = net.producer(blob)
    steps = _steps(producer.layer, net.shapes[producer.bottoms[0]]) if producer.bottoms else None
    if steps is None:
        return Picked(blob=blob)
    axis, step, start = steps
    before = _picked(net, producer.bottom)
    if before.stride[axis] != 1:
        return Picked(blob=blob)
    stride, cell = list(before.stride), list(before.cell)
    stride[axis], cell[axis] = step, start
    return Picked(blob=before.blob, stride=(stride[0], stride[1]), cell=(cell[0], cell[1]))


def _steps(layer: Layer, shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Of rows (0) or columns (1) every so many from one on, as many as the axis has blocks; None for all else."""
    if not isinstance(layer, Gather) or len(shape) != MAP_AXES or layer.axis < MAP_AXES - 2:
        return None
    size, count = shape[layer.axis], len(layer.indices)
    step, rest = divmod(size, count)
    start = layer.indices[0]
    if rest or step <= 1 or not 0 <= start < step or layer.indices != tuple(range(start, size, step)):
        return None
    return layer.axis - 2, step, start


def _bury(net: Net, blob: str) -> None:
    """Take out what nobody reads any more of the Gathers that led to a blob."""
    while net.writes(blob) and isinstance((node := net.producer(blob)).layer, Gather):
        if net.consumers(blob) or blob in net.outputs:
            return
        net.remove(node)
        blob = node.bottom


def _fold(net: Net, node: Node) -> None:
    layer, before = node.layer, net.producer(node.bottoms[0])
    assert isinstance(layer, Convolution)
    blocks = _blocks(before.layer)
    if blocks is None or not _takes_in(net, node, before):
        return
    channels, (s, t) = net.shapes[before.bottom][1], blocks.stride
    (height, width), (down, right), (rows, columns) = layer.kernel_size, layer.stride, layer.pad
    kernel = (height * s, width * t)
    larger = replace(layer, kernel_size=kernel, stride=(down * s, right * t), pad=(rows * s, columns * t))
    weights = Blob.computed((layer.num_output, channels, *kernel), _on_blocks(node.blobs[0], blocks, channels))
    taken = replace(node, layer=larger, bottoms=before.bottoms, blobs=(weights, *node.blobs[1:]))
    net.update(node, taken)
    net.remove(before)
    text = f"the cells of {s} x {t} blocks are taken in by {node.name}: its windows are {s} x {t} times as large"
    net.note("folded", text, before.origin)
    _fold(net, taken)


def _blocks(layer: Layer) -> Cells | None:
    """All cells of blocks, the channels of each side by side; None where a layer does something else.

    Those of the mode CRD, as torch's pixel_unshuffle has them, stay a layer, so that the weights of what follows can
    still be exchanged for a checkpoint's.
    """
    if isinstance(layer, SpaceToDepth) and layer.mode == "DCR":
        layer = Cells(stride=layer.block_size, cells=_every_cell(layer.block_size))
    return layer if isinstance(layer, Cells) and sorted(layer.cells) == list(_every_cell(layer.stride)) else None


def _every_cell(block: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple((dy, dx) for dy in range(block[0]) for dx in range(block[1]))


def _takes_in(net: Net, node: Node, before: Node) -> bool:
    """Whether a Convolution reads all cells of the blocks, once each and alone, and can have larger windows."""
    layer = node.layer
    assert isinstance(layer, Convolution)
    plain = layer.group == 1 and set(layer.dilation) == {1} and not node.param_names
    return plain and before.top not in net.outputs and net.consumers(before.top) == [node]


def _on_blocks(weights: Blob, blocks: Cells, channels: int) -> Callable[[], Array]:
    def compute() -> Array:
        held, (s, t) = weights.load(), blocks.stride
        outputs, _, height, width = held.shape
        larger = np.empty((outputs, channels, height * s, width * t), held.dtype)
        for place, (dy, dx) in enumerate(blocks.cells):
            larger[:, :, dy::s, dx::t] = held[:, place * channels : (place + 1) * channels]
        return larger

    return compute


CELLS = Pass(name="cells", visits=(Concat, Convolution), rewrite=_rewrite)
