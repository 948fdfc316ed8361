"""The shapes that ncnn's blobs have while it runs, where they differ from Caffe's, and what its layers make of that.

It has no batch axis, and it leaves fewer axes than Caffe in some places: a global Pooling gives a vector, and so does
an InnerProduct, but for one of a matrix of a single row, whose row stays (src/layer/pooling.cpp, innerproduct.cpp).
A 0 in a Reshape is the width, height or channels of the blob that it holds then. Functions of single numbers keep what
they get; a layer with an axis counts it in that shape, and a window is moved over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, Literal

from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.layer import Shapes, axis_index
from caffe_ir.layers import (
    BN,
    LRN,
    MVN,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Eltwise,
    Flatten,
    InnerProduct,
    MatMul,
    Normalize,
    Permute,
    Pooling,
    PReLU,
    Reduction,
    Reshape,
    Scale,
    ShuffleChannel,
    Slice,
    Softmax,
    Split,
)
from caffe_ir.layers.bvlc.activation import Elementwise
from caffe_ir.net import Net
from caffe_ir.node import Node

Effect = Literal["refused", "wrong"]
MAP, MATRIX, VECTOR = 3, 2, 1
PACKED = 4
"""Numbers that one register holds everywhere: so many channels of a vector look like those of a map."""
ONE_CELL = (1, 1)


class Read(Struct, frozen=True, kw_only=True):
    """A layer with the shapes of its bottoms as ncnn holds them, those that they have in Caffe without the batch, and
    the shapes of its tops there."""

    layer: Any
    held: Shapes
    true: Shapes
    tops: Shapes


Found = tuple[Effect | None, Shapes]
"""What becomes of a layer, and the shapes that its tops have in ncnn."""


def faults(net: Net) -> dict[str, Effect]:
    """The layers that read a shape which makes them fail, each as if those before it gave what they should."""
    return {name: effect for name, (effect, _) in _read(net).items()}


def views_needed(net: Net, node: Node) -> tuple[int, ...]:
    """Which bottoms of a layer that reads them wrongly ncnn holds in another shape than Caffe."""
    return _read(net).get(node.name, (None, ()))[1]


def _read(net: Net) -> dict[str, tuple[Effect, tuple[int, ...]]]:
    found, shapes = dict[str, tuple[Effect, tuple[int, ...]]](), dict[str, Shape]()
    for node in net.nodes:
        true, tops = _without_batch(net.shapes_of(node.bottoms)), _without_batch(net.shapes_of(node.tops))
        held = tuple(shapes[bottom] for bottom in node.bottoms)
        rule = _RULES.get(type(node.layer), _kept if isinstance(node.layer, Elementwise) else _stated)
        effect, left = rule(Read(layer=node.layer, held=held, true=true, tops=tops))
        if effect:
            places = tuple(at for at, (one, other) in enumerate(zip(held, true, strict=True)) if one != other)
            found[node.name] = effect, places
        shapes.update(zip(node.tops, tops if effect else left, strict=True))
    return found


def _without_batch(shapes: Shapes) -> Shapes:
    return tuple(tuple(shape[1:]) for shape in shapes)


def _lie_alike(held: Shape, true: Shape) -> bool:
    """Whether the numbers lie in memory as those of a map do, whatever the axes."""
    return held == true or (len(held) == VECTOR and held[0] in (1, PACKED) and true == (held[0], *ONE_CELL))


def _all_lie_alike(read: Read) -> bool:
    return all(map(_lie_alike, read.held, read.true))


def _in_one_row(held: Shape) -> bool:
    """Whether there are no gaps between the numbers: each channel of a map begins at a multiple of 16 bytes."""
    return len(held) < MAP or held[0] == 1


def _or(right: bool, effect: Effect, tops: Shapes) -> Found:
    return None if right else effect, tops


def _kept(read: Read) -> Found:
    return None, read.held[:1] * len(read.tops)


def _stated(read: Read) -> Found:
    return None, read.tops


def _of_channels(read: Read) -> Found:
    """A number for each of the first axis, which is that of the channels."""
    one = isinstance(read.layer, PReLU) and read.layer.channel_shared
    right = one or read.held[0][:1] == read.true[0][:1]
    return _or(right and all(map(_in_one_row, read.held[1:])), "wrong", read.held[:1])


def _pooled(read: Read) -> Found:
    layer, (held,), (true,) = read.layer, read.held, read.true
    if layer.global_pooling:
        return _or(_lie_alike(held, true), "wrong", (true[:1],))
    windows = any(layer.pad) or set(layer.kernel_size) != {1}
    right = held == true or (_lie_alike(held, true) and not windows)
    return _or(right, "refused" if windows else "wrong", read.tops)


def _convolved(read: Read) -> Found:
    """One of a single cell is an InnerProduct of a vector; a depthwise one reads a register of channels."""
    layer, (held,), (true,) = read.layer, read.held, read.true
    if held == true:
        return None, read.tops
    cell = set(layer.kernel_size) == {1} and not any(layer.pad)
    if cell and layer.group == 1 and len(held) == VECTOR:
        return None, ((layer.num_output,),)
    rows = layer.group == 1 and layer.kernel_size[0] == 1 and not layer.pad[0]
    right = _lie_alike(held, true) and (
        (cell and layer.group == layer.num_output == held[0]) or (rows and held == (1,))
    )
    each = prod(held) if layer.group == prod(held) else prod(held) // layer.group
    wrong = rows or (set(layer.kernel_size) == {1} and not each % PACKED)
    return _or(right, "wrong" if wrong else "refused", read.tops)


def _spread(read: Read) -> Found:
    return _or(_all_lie_alike(read), "wrong" if read.layer.group == 1 else "refused", read.tops)


def _shuffled(read: Read) -> Found:
    return _or(_all_lie_alike(read), "refused", read.held)


def _softmax(read: Read) -> Found:
    """A vector has one axis, whatever is written."""
    (held,), (true,) = read.held, read.true
    axis = axis_index(read.layer.axis, len(true) + 1) - 1
    return _or(_grouped(held, 0 if len(held) == VECTOR else axis) == _grouped(true, axis), "wrong", read.held)


def _grouped(shape: Shape, axis: int) -> tuple[int, int, int] | None:
    """How many numbers are in front of an axis, along it and behind it; None where there is no such axis."""
    if not 0 <= axis < len(shape):
        return None
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def _joined(read: Read) -> Found:
    (held, *others), axis = read.held, axis_index(read.layer.axis, len(read.true[0]) + 1) - 1
    if read.held == read.true or axis < 0:
        return None, read.tops
    packed = _all_lie_alike(read) and ({one[0] for one in read.true} == {PACKED} or {*read.held} <= {(1,), (1, 1, 1)})
    if len(held) == VECTOR:
        row = prod(read.true[0][:axis]) == 1
        return _or(row and (packed or all(prod(one) == one[-1] for one in others)), "wrong", ((prod(read.tops[0]),),))
    same = len({len(one) for one in read.held}) == 1 and _grouped(held, axis) == _grouped(read.true[0], axis)
    ones = all(one in (true, (1,)) for one, true in zip(read.held, read.true, strict=True))
    return _or(packed or same or (len(held) == MAP and ones), "wrong", read.tops)


def _cut(read: Read) -> Found:
    (held,), (true,) = read.held, read.true
    axis = axis_index(read.layer.axis, len(true) + 1) - 1
    if held == true or axis < 0:
        return None, read.tops
    at = 0 if len(held) == VECTOR else axis
    sizes = [top[axis] for top in read.tops]
    tops = tuple((*held[:at], size, *held[at + 1 :]) for size in sizes)
    return _or(_grouped(held, at) == _grouped(true, axis), "refused", tops)


def _combined(read: Read) -> Found:
    right = len({*read.held}) == 1 or all(map(_in_one_row, read.held))
    channels = {one[:1] for one in read.true}
    return _or(right or (_all_lie_alike(read) and channels == {(PACKED,)}), "wrong", read.held[:1])


def _rows(read: Read) -> Found:
    """Numbers in rows of the right length are a matrix; everything else is one row, of which a vector comes."""
    layer, (held,), (true,) = read.layer, read.held, read.true
    before = max(axis_index(layer.axis, len(true) + 1) - 1, 0)
    if len(held) == MATRIX and held[1] == prod(true[before:]):
        return None, ((held[0], layer.num_output),)
    return _or(prod(true[:before]) == 1, "wrong", ((layer.num_output,),))


def _flat(read: Read) -> Found:
    return None, ((prod(read.true[0]),),)


def _reshaped(read: Read) -> Found:
    """The first number of the shape is taken off; of one number alone it is all that there is."""
    shape, held = read.layer.shape, read.held[0]
    wanted = shape if len(shape) == 1 else shape[1:]
    keeps_batch = prod(read.tops[0]) == prod(read.true[0]) and len(wanted) == len(read.tops[0])
    if len(wanted) > MAP or read.layer.axis != 0 or read.layer.num_axes != -1 or not keeps_batch:
        return None, read.tops
    sizes = dict(zip(("w", "h", "c"), (*reversed(held[1:]), held[0]) if len(held) == MAP else held[::-1], strict=False))
    filled = [sizes.get(name, 1) if size == 0 else size for name, size in zip(_names(len(wanted)), wanted, strict=True)]
    rest = prod(size for size in filled if size != -1)
    left = tuple(prod(held) // rest if size == -1 else size for size in filled)
    same = [size for size in left if size != 1] == [size for size in read.tops[0] if size != 1]
    return _or(same, "wrong", (left,))


def _names(axes: int) -> tuple[str, ...]:
    return {0: (), VECTOR: ("w",), MATRIX: ("h", "w"), MAP: ("c", "h", "w")}[axes]


def _moved(read: Read) -> Found:
    (held,), (true,) = read.held, read.true
    if held == true or len(read.layer.order) != MAP + 1 or read.layer.order[0] != 0:
        return None, read.tops
    order = [axis - 1 for axis in read.layer.order[1:]]
    stays = [axis for axis in order if true[axis] != 1] == [axis for axis in range(MAP) if true[axis] != 1]
    return _or(stays and len(held) == VECTOR, "wrong", read.held)


def _cropped(read: Read) -> Found:
    same = read.tops[0] == read.true[0] and len({*read.held}) == 1
    ones = all(one in (true, (1,)) for one, true in zip(read.held, read.true, strict=True))
    return _or(same or ones, "wrong", read.held[:1] if same else read.tops)


def _of_neighbours(read: Read) -> Found:
    right = read.held == read.true or read.layer.local_size == 1 or prod(read.held[0]) == 1
    return _or(right, "wrong", read.held)


def _standardized(read: Read) -> Found:
    """Over the numbers of each channel, and of all where there are no channels."""
    (held,), (true,) = read.held, read.true
    return _or(read.layer.across_channels or (held == true and len(held) == MAP) or true[0] == 1, "wrong", read.held)


def _normalized(read: Read) -> Found:
    layer, (held,), (true,) = read.layer, read.held, read.true
    return _or(held == true or (layer.across_spatial and layer.channel_shared) or true[0] == 1, "wrong", read.held)


def _multiplied(read: Read) -> Found:
    return _or(read.held == read.true, "wrong", read.tops)


_RULES: Mapping[type, Callable[[Read], Found]] = {
    **dict.fromkeys((BatchNorm, BN, PReLU, Scale), _of_channels),
    Concat: _joined,
    Convolution: _convolved,
    Crop: _cropped,
    Deconvolution: _spread,
    Eltwise: _combined,
    Flatten: _flat,
    InnerProduct: _rows,
    LRN: _of_neighbours,
    MVN: _standardized,
    MatMul: _multiplied,
    Normalize: _normalized,
    Permute: _moved,
    Pooling: _pooled,
    Reduction: lambda read: (None, ((1,),)),
    Reshape: _reshaped,
    ShuffleChannel: _shuffled,
    Slice: _cut,
    Softmax: _softmax,
    Split: _kept,
}
