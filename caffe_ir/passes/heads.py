"""Detection heads: ended at the map that decoders read ("raw"), or computed as Darknet's last layers do ("activated").

raw: the head is taken out, and its bottom is an output of the net in its place; an unknown head can only be left so.
activated: (N, n v, H, W) is viewed as (N, n, v, H W) with the v values of each of the n anchors on axis 2, so that one
Slice serves all anchors: Sigmoid or Softmax on the parts that take it, Concat, and back to (N, n v, H, W).
    [yolo] (yolo_layer.c)               x y: s, w h: as they are, objectness and classes: s          s = Sigmoid
    [Gaussian_yolo] (AlexeyAB)          x, y and their spreads: s, mean of w, h: as they are, all else: s
    [region] (region_layer.c)           x y: s, other coordinates as they are, objectness: s, classes: Softmax or s
    [detection] (detection_layer.c)     flat; Softmax on the class scores of each cell where it is asked for
scale_x_y: x' = a x - (a - 1) / 2 on the x and y of each anchor, a Scale with 1 and 0 for all other channels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import accumulate, groupby

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.error_kinds.targets import UNKNOWN_HEAD
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Convolution, Reshape, Scale, Sigmoid, Slice, Softmax
from caffe_ir.layers.source import DetectionHead, GaussianYoloHead, RegionHead, UnknownHead, YoloHead
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

Part = tuple[int, Layer | None]
"""So many values of an anchor, and the layer that they take; none where they stay as they are."""

SIGMOID = Sigmoid()


def _rewrite(net: Net, node: Node, context: Context) -> None:
    what, raw, top = node.origin.what or node.layer.type_name(), node.bottom, node.top
    if isinstance(node.layer, UnknownHead) and (context.options.head == "activated" or net.reads(top)):
        why = f"its {node.layer.boxes} boxes of {node.layer.values} values are of no Darknet that is known here"
        hint = "the map before it can be converted: --head raw"
        raise ConversionError(
            Problem(kind=UNKNOWN_HEAD, what=f"what {what} computes is unknown", why=why, hint=hint, origin=node.origin)
        )
    new = Replacement(net=net, old=node)
    BUILDERS[type(node.layer)](new)
    if context.options.head == "raw":
        net.give(raw, top)
    if not new.nodes and not isinstance(node.layer, UnknownHead):
        net.replace(node, [])
    elif context.options.head == "activated" or net.reads(top):  # readers get what the head computes in any case
        new.finish()
        net.note("lowered", f"what {what} computes -> {len(new.nodes)} layers", node.origin)
    else:
        net.values.forget((top,))
        net.replace(node, [])
        net.note("lowered", f"the net ends at the map before the head, {raw}", node.origin)


def _yolo(new: Replacement) -> None:
    layer = new.old.layer
    assert isinstance(layer, YoloHead)
    parts: list[Part] = [(2, SIGMOID), (2, None), (1 + layer.classes, SIGMOID)]
    if layer.new_coords:
        parts = [(5 + layer.classes, None)]
    top = _by_anchor(new, len(layer.mask), parts)
    _stretch(new, top, len(layer.mask), layer.scale_x_y, (0, 1))


def _gaussian_yolo(new: Replacement) -> None:
    layer = new.old.layer
    assert isinstance(layer, GaussianYoloHead)
    parts: list[Part] = [(4, SIGMOID), (1, None), (1, SIGMOID), (1, None), (2 + layer.classes, SIGMOID)]
    top = _by_anchor(new, len(layer.mask), parts)
    _stretch(new, top, len(layer.mask), layer.scale_x_y, (0, 2))


def _region(new: Replacement) -> None:
    layer = new.old.layer
    assert isinstance(layer, RegionHead)
    classes: Layer | None = Softmax(axis=2) if layer.softmax else SIGMOID if layer.logistic_classes else None
    parts: list[Part] = [
        (2, SIGMOID if layer.logistic_xy else None),
        (layer.coords - 2, None),
        (1, None if layer.background else SIGMOID),
        (layer.classes, classes),
    ]
    if layer.background and layer.softmax:
        parts = [*parts[:2], (1 + layer.classes, classes)]
    top = _by_anchor(new, layer.num, parts)
    if layer.transposed:
        _transpose(new, top)


def _detection(new: Replacement) -> None:
    layer, bottom = new.old.layer, new.old.bottom
    assert isinstance(layer, DetectionHead)
    if not layer.softmax:
        return
    shape, cells = new.net.shapes[bottom], layer.side**2
    count = cells * layer.classes
    flat = bottom if len(shape) == 2 else new.add("flat", Reshape(shape=(0, -1)), bottom)
    scores, rest = new.split("parts", Slice(axis=1, slice_point=(count,)), flat, tops=2)
    by_cell = new.add("cells", Reshape(shape=(0, cells, layer.classes)), scores)
    softmax = new.add("softmax", Softmax(axis=2), by_cell)
    top = new.add("concat", Concat(axis=1), new.add("scores", Reshape(shape=(0, count)), softmax), rest)
    if len(shape) != 2:
        new.add("view", Reshape(shape=(0, *shape[1:])), top)


def _unknown(new: Replacement) -> None:
    """Nothing: where its values are wanted, it was refused."""


def _by_anchor(new: Replacement, anchors: int, parts: list[Part]) -> str:
    """The layers of the parts, applied to each anchor's values; gives the top, which is the bottom where all stay."""
    bottom, merged = new.old.bottom, _merged(parts)
    if all(layer is None for _, layer in merged):
        return bottom
    _, c, h, w = new.net.shapes[bottom]
    if merged == [(c // anchors, SIGMOID)]:
        return new.add("logistic", SIGMOID, bottom)
    tops = [new.add("anchors", Reshape(shape=(0, anchors, c // anchors, h * w)), bottom)]
    if len(merged) > 1:
        points = tuple(accumulate(count for count, _ in merged))[:-1]
        tops = new.split("parts", Slice(axis=2, slice_point=points), tops[0], tops=len(merged))
    done = [
        top if layer is None else new.add(layer.type_name().lower(), layer, top)
        for top, (_, layer) in zip(tops, merged, strict=True)
    ]
    whole = done[0] if len(done) == 1 else new.add("values", Concat(axis=2), *done)
    return new.add("map", Reshape(shape=(0, c, h, w)), whole)


def _merged(parts: list[Part]) -> list[Part]:
    """Neighbours that take the same layer as one part (never two Softmax, which must not see each other's values)."""
    runs = groupby((part for part in parts if part[0]), key=lambda part: part[1])
    return [(sum(count for count, _ in run), layer) for layer, run in runs]


def _stretch(new: Replacement, top: str, anchors: int, scale: float, places: tuple[int, ...]) -> None:
    if scale == 1:
        return
    channels = new.net.shapes[new.old.bottom][1]
    gamma, beta = np.ones((anchors, channels // anchors)), np.zeros((anchors, channels // anchors))
    gamma[:, places], beta[:, places] = scale, -0.5 * (scale - 1)
    blobs = (Blob.of(gamma.reshape(-1), constant=True), Blob.of(beta.reshape(-1), constant=True))
    new.add("stretched", Scale(bias_term=True), top, blobs=blobs)


def _transpose(new: Replacement, top: str) -> None:
    """(N, C, H W) turned to (N, H W, C): a Convolution whose filter p picks column p of the view (N, 1, C, H W)."""
    _, c, h, w = new.net.shapes[new.old.bottom]
    view = new.add("rows", Reshape(shape=(0, 1, c, h * w)), top)
    pick = Convolution(num_output=h * w, kernel_size=(1, h * w), bias_term=False)
    identity = Blob.computed((h * w, 1, 1, h * w), partial(_identity, h * w), constant=True)
    turned = new.add("turned", pick, view, blobs=(identity,))
    new.add("output", Reshape(shape=(0, c, h, w)), turned)


def _identity(count: int) -> Array:
    return np.eye(count, dtype=np.float32).reshape(count, 1, 1, count)


BUILDERS: dict[type[Layer], Callable[[Replacement], None]] = {
    DetectionHead: _detection,
    GaussianYoloHead: _gaussian_yolo,
    RegionHead: _region,
    UnknownHead: _unknown,
    YoloHead: _yolo,
}

HEADS = Pass(name="heads", visits=tuple(BUILDERS), rewrite=_rewrite)
