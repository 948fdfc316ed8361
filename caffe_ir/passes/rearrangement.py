"""Views between which axes change places -> the layer that moves a map's values so: a shuffle of channels or of cells.

torchvision's ShuffleNet writes x.view(N, g, C / g, H, W).transpose(1, 2).reshape(x.shape), others pixel_shuffle or
TensorFlow's depth_to_space in the same way. Which layer it is, is read off the permutation: a chain of Reshape and
Permute says for each place of its end which place of its beginning it takes, by sizes and strides
(caffe_ir/views.py). Where they are those of ShuffleChannel, DepthToSpace or SpaceToDepth, it is that layer, however the
views were cut. All other permutations are `layout`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.layer import Layer
from caffe_ir.layers import Flatten, Reshape
from caffe_ir.layers.source import DepthToSpace, Permute, ShuffleChannel, SpaceToDepth
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.views import Axes, Dim, plain, reshaped, shape_of

MAP_AXES = 4
VIEWS = (Flatten, Permute, Reshape)
MOST_VIEWS = 8
"""Of a chain: nobody writes a shuffle in more."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    wanted = net.shapes[node.top]
    if len(wanted) != MAP_AXES:
        return
    chain = [node]
    while len(chain) <= MOST_VIEWS and chain[0].bottoms:
        if any(isinstance(one.layer, Permute) for one in chain) and (layer := _named(net, chain, wanted)):
            net.update(node, replace(node, layer=layer, bottoms=chain[0].bottoms))
            net.values.forget([one.top for one in chain[:-1]])
            for one in reversed(chain[:-1]):
                net.remove(one)
            return
        before = net.producer(chain[0].bottom)
        if not isinstance(before.layer, VIEWS) or not net.is_read_once(before.top):
            return
        chain.insert(0, before)


def _named(net: Net, chain: list[Node], wanted: Shape) -> Layer | None:
    """The layer that moves the values of a map as a chain of views does."""
    shape = net.shapes[chain[0].bottom]
    if len(shape) != MAP_AXES or shape[0] != wanted[0]:
        return None
    axes: Axes | None = plain(shape)
    for one in chain:
        axes = _seen(axes, one.layer, net.shapes[one.top]) if axes is not None else None
    if axes is None:
        return None
    return next((layer for layer in _candidates(shape, wanted) if _order(layer, shape) == _dims(axes)), None)


def _seen(axes: Axes, layer: Layer, shape: Shape) -> Axes | None:
    return tuple(axes[axis] for axis in layer.order) if isinstance(layer, Permute) else reshaped(axes, shape)


def _candidates(shape: Shape, wanted: Shape) -> Iterator[ShuffleChannel | DepthToSpace | SpaceToDepth]:
    """The layers that make a map of the wanted shape from one of this shape."""
    (_, channels, *size), (_, made, *new) = shape, wanted
    if shape == wanted:
        yield from (ShuffleChannel(group=group) for group in range(2, channels) if channels % group == 0)
        return
    for kind, few, many, small, large in (
        (DepthToSpace, made, channels, size, new),
        (SpaceToDepth, channels, made, new, size),
    ):
        block = (large[0] // small[0], large[1] // small[1])
        whole = [side * factor for side, factor in zip(small, block, strict=True)] == large
        if whole and min(block) >= 1 and few * block[0] * block[1] == many:
            yield kind(block_size=block)
            yield kind(block_size=block, mode="DCR")


def _order(layer: ShuffleChannel | DepthToSpace | SpaceToDepth, shape: Shape) -> tuple[Dim, ...]:
    view, order = layer.moved(shape)
    axes = plain(view)
    return _dims(tuple(axes[axis] for axis in order))


def _dims(axes: Axes) -> tuple[Dim, ...]:
    """Sizes and strides of all values in their order: two views with the same ones have the same values."""
    joined = reshaped(axes, (prod(shape_of(axes)),))
    assert joined is not None, "one axis holds all dimensions"
    return joined[0]


REARRANGEMENT = Pass(name="rearrangement", visits=(Reshape,), rewrite=_rewrite)
