"""Layers of one bottom: those that only change the view, and those that work on each value or along axes."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import LAYERS, Flatten, Parameter, PReLU, Reshape, Scale, Slice, Softmax, Tile
from caffe_ir.layers.bvlc.activation import Elementwise
from caffe_ir.layers.source import (
    SOURCE_LAYERS,
    Gather,
    LogSoftmax,
    Permute,
    Reduce,
    SourceBatchNorm,
    Standardize,
)
from caffe_ir.layers.source.activation import Activation
from caffe_ir.node import Node
from caffe_ir.passes.layout.stage import Rule, Stage
from caffe_ir.views import View, plain, reshaped, resized

AXES_OF_A_MAP = 4


def permute(stage: Stage, node: Node) -> bool:
    """A Permute moves nothing here: what reads it sees the same blob under other axes."""
    assert isinstance(node.layer, Permute)
    view = stage.views[node.bottom]
    stage.views[node.top] = View(blob=view.blob, axes=tuple(view.axes[axis] for axis in node.layer.order))
    return True


def reshape(stage: Stage, node: Node) -> bool:
    """A Reshape sees the same numbers under other axes, or first has them copied where only a copy has that shape."""
    view, shape = stage.views[node.bottom], stage.old.shapes[node.top]
    axes = reshaped(view.axes, shape)
    blob = stage.plain(node, view) if axes is None else view.blob
    stage.views[node.top] = View(blob=blob, axes=plain(shape) if axes is None else axes)
    return True


def parameter(stage: Stage, node: Node) -> bool:
    """A Parameter is a constant, written where something reads it."""
    stage.constants[node.top] = node
    stage.views[node.top] = View(blob=node.top, axes=plain(stage.old.shapes[node.top]))
    return True


def pointwise(stage: Stage, node: Node) -> bool:
    """A layer that computes each number for itself takes its bottom as it lies."""
    view = stage.views[node.bottom]
    stage.emit(node, node.layer, [stage.written(node, view)], [view.axes])
    return True


def along(stage: Stage, node: Node) -> bool:
    """Layers that have an `axis` along which all is computed; it may get another size."""
    layer, view = node.layer, stage.views[node.bottom]
    assert isinstance(layer, Softmax | LogSoftmax | Slice | Gather | Tile)
    axis = layer.axis % len(view.axes)
    found = stage.exposed(node, view, [axis])
    if found is None:
        return False
    tops = [resized(view.axes, axis, stage.old.shapes[top][axis]) for top in node.tops]
    stage.emit(node, replace(layer, axis=found[1][0]), [found[0]], tops)
    return True


def channelwise(stage: Stage, node: Node) -> bool:
    """Layers with a weight for each place of the second axis."""
    view = stage.views[node.bottom]
    if isinstance(node.layer, PReLU) and node.layer.channel_shared:
        blob = stage.written(node, view)
        if not 2 <= len(stage.net.shapes[blob]) <= AXES_OF_A_MAP:
            blob = stage.reshape(node, blob, (1, prod(view.shape)))
        stage.emit(node, node.layer, [blob], [view.axes])
        return True
    found = stage.exposed(node, view, [1], as_channels=True)
    if found is None:
        return False
    stage.emit(node, node.layer, [found[0]], [view.axes])
    return True


def scale(stage: Stage, node: Node) -> bool:
    """Scale with weights, for one axis or for several that lie as one."""
    layer, view = node.layer, stage.views[node.bottoms[0]]
    assert isinstance(layer, Scale)
    start = layer.axis % len(view.axes)
    stop = len(view.axes) if layer.num_axes == -1 else start + layer.num_axes
    if len(node.bottoms) != 1 or stop == start:
        return False
    shape = (*view.shape[:start], prod(view.shape[start:stop]), *view.shape[stop:])
    joined = reshaped(view.axes, shape)
    found = None if joined is None else stage.exposed(node, View(blob=view.blob, axes=joined), [start])
    if found is None:
        return False
    blobs = node.blobs if stop == start + 1 else tuple(blob.reshaped((shape[start],)) for blob in node.blobs)
    stage.emit(node, replace(layer, axis=found[1][0], num_axes=1), [found[0]], [view.axes], blobs)
    return True


def over_axes(stage: Stage, node: Node) -> bool:
    """Reduce and Standardize, over axes that each lie as one."""
    layer, view = node.layer, stage.views[node.bottom]
    assert isinstance(layer, Reduce | Standardize)
    told = [axis for axis in layer.axes if view.shape[axis] != 1]
    found = stage.exposed(node, view, told, as_channels=stage.may_be_channels(view, told)) if told else None
    if found is None:
        return False
    places = tuple(sorted(found[1]))
    if isinstance(layer, Standardize):
        stage.emit(node, replace(layer, axes=places), [found[0]], [view.axes])
        return True
    axes = view.axes
    for axis in told:
        axes = resized(axes, axis, 1)
    kept = tuple(parts for axis, parts in enumerate(axes) if layer.keepdim or axis not in layer.axes)
    stage.emit(node, replace(layer, axes=places, keepdim=True), [found[0]], [kept])
    return True


CHANNELWISE = (PReLU, SourceBatchNorm)
POINTWISE = tuple(
    kind
    for kind in (*LAYERS.values(), *SOURCE_LAYERS)
    if issubclass(kind, Elementwise | Activation) and kind not in CHANNELWISE
)

RULES: Mapping[type[Layer], Rule] = {
    **dict.fromkeys(POINTWISE, pointwise),
    **dict.fromkeys(CHANNELWISE, channelwise),
    Flatten: reshape,
    Gather: along,
    LogSoftmax: along,
    Parameter: parameter,
    Permute: permute,
    Reduce: over_axes,
    Reshape: reshape,
    Scale: scale,
    Slice: along,
    Softmax: along,
    Standardize: over_axes,
    Tile: along,
}
