"""Products with matrices, and of two activations."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.exchanges import moved_into
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, InnerProduct
from caffe_ir.layers.source import Linear, MatrixProduct
from caffe_ir.node import Node
from caffe_ir.passes.layout.stage import Rule, Stage
from caffe_ir.views import Order, View, order_of, plain, plain_order, resized, seen

ROWS, AXES_OF_A_MAP = 2, 4


def linear(stage: Stage, node: Node) -> bool:
    """InnerProduct where the last axis lies last, a 1x1 Convolution where it lies before others.

    Of several rows of one image the batch stays the first axis: a Linear, of which `legalize` chooses the form.
    """
    layer, view = node.layer, stage.views[node.bottom]
    assert isinstance(layer, Linear | InnerProduct)
    last, inner = len(view.axes) - 1, view.shape[-1]
    if node.name in stage.early:
        view = _brought_together(stage, node, view, stage.early[node.name])
    if len(view.axes[last]) != 1:
        view = View(blob=stage.plain(node, view), axes=plain(view.shape))
    stride = view.axes[last][0][1] if view.axes[last] else 1
    if stride == 1:
        rows, batch = prod(view.shape) // inner, stage.net.shapes[view.blob][0]
        stays = batch == 1 < rows
        blob = stage.reshape(node, view.blob, (batch, rows // batch, inner) if stays else (rows, inner))
        axes = plain((*view.shape[:-1], layer.num_output)) if not view.axes[last] else view.axes
        axes = resized(axes, last, layer.num_output) if view.axes[last] else axes
        product = (Linear if stays else InnerProduct)(num_output=layer.num_output, bias_term=layer.bias_term)
        stage.emit(node, product, [blob], [axes])
        return True
    found = stage.exposed(node, view, [last], as_channels=True)
    assert found is not None, "the last axis is one dimension"
    convolution = Convolution(num_output=layer.num_output, kernel_size=(1, 1), bias_term=layer.bias_term)
    blobs = (node.blobs[0].reshaped((layer.num_output, inner, 1, 1)), *node.blobs[1:])
    # Caffe shares weights of one shape only (net.cpp, AppendParam): those of a convolution have a name of their own.
    names = tuple(name if place else f"{name}_1x1" for place, name in enumerate(node.param_names))
    stage.emit(node, convolution, [found[0]], [resized(view.axes, last, layer.num_output)], blobs, names)
    return True


def _brought_together(stage: Stage, node: Node, view: View, as_channels: bool) -> View:
    """A copy in which each axis is one dimension: the batch, the channels and the rest, or the channels last."""
    if all(len(parts) <= 1 for parts in view.axes):
        return view
    *rest, last = plain_order(view.shape)
    order = (*rest[:1], last, *rest[1:]) if as_channels else (*rest, last)
    if moved_into(view.axes, order) is None:
        return view
    return View(blob=stage.arranged(node, view, order), axes=seen(order, len(view.axes)))


def inner_product(stage: Stage, node: Node) -> bool:
    """A permutation of what lies behind the batch goes into the columns; views of it are not needed.

    Rows that lie as columns are a Linear's.
    """
    layer, view = node.layer, stage.views[node.bottom]
    assert isinstance(layer, InnerProduct)
    if layer.axis != 1 or layer.transpose:
        return False
    batch, wanted = view.shape[0], plain(stage.old.shapes[node.top])
    columns = [dim for axis in view.axes[1:] for dim in axis]
    inner = prod(size for size, _ in columns)
    if view.axes[0] not in ((), ((batch, inner),)):
        return len(view.axes) == ROWS and linear(stage, node)
    held = stage.net.shapes.get(view.blob, ())
    own = len(held) in (2, AXES_OF_A_MAP) and held[0] == batch
    blob = stage.reshape(node, view.blob, held if own else (batch, inner))
    if view.is_plain:
        stage.emit(node, layer, [blob], [wanted])
        return True
    sizes = tuple(size for size, _ in columns)
    order = sorted(range(len(columns)), key=lambda place: -columns[place][1])
    weights = node.blobs[0]

    def permuted() -> Array:
        split = weights.load().reshape(layer.num_output, *sizes)
        return np.ascontiguousarray(split.transpose(0, *(place + 1 for place in order))).reshape(weights.shape)

    stage.emit(
        node,
        layer,
        [blob],
        [wanted],
        (Blob.computed(weights.shape, permuted, constant=weights.constant), *node.blobs[1:]),
    )
    return True


def matmul(stage: Stage, node: Node) -> bool:
    """Both factors as (batch, matrix), the batch in one order, each matrix as it lies.

    A B is (B^T A^T)^T, so that at most one of them is transposed; where one is, the product may come out either way.
    """
    layer = node.layer
    assert isinstance(layer, MatrixProduct)
    views = [
        _turned(stage.views[bottom], turn)
        for bottom, turn in zip(node.bottoms, (layer.transpose_a, layer.transpose_b), strict=True)
    ]
    wanted = stage.old.shapes[node.top]
    rank, batch = len(wanted), wanted[:-2]
    if any(view.shape[:-2] != batch for view in views):
        return False
    outer = _batch_order(views[0]) or _batch_order(views[1])
    if outer is None:
        outer = tuple((axis, size) for axis, size in enumerate(batch) if size != 1)
    turns, blobs = [], []
    for view, turned_first in zip(views, (True, False), strict=True):
        rows, columns = ((rank - 2, view.shape[-2]),), ((rank - 1, view.shape[-1]),)
        orders = [_told((*outer, *rows, *columns)), _told((*outer, *columns, *rows))]
        orders = orders[::-1] if turned_first else orders
        prices = [price for order in orders if (price := moved_into(view.axes, order)) is not None]
        if len(prices) < len(orders):
            return False
        place = prices.index(min(prices))
        turns.append((place == 0) == turned_first)
        count, shape = prod(batch), view.shape[-2:]
        blob = stage.arranged(node, view, orders[place])
        blobs.append(stage.reshape(node, blob, (count, *(shape[::-1] if turns[-1] else shape))))
    rows, columns = ((rank - 2, wanted[-2]),), ((rank - 1, wanted[-1]),)
    if all(turns) or (any(turns) and stage.turned):
        product = MatrixProduct(transpose_a=not turns[1], transpose_b=not turns[0])
        stage.emit(node, product, blobs[::-1], [seen((*outer, *columns, *rows), rank)])
    else:
        product = MatrixProduct(transpose_a=turns[0], transpose_b=turns[1])
        stage.emit(node, product, blobs, [seen((*outer, *rows, *columns), rank)])
    return True


def _turned(view: View, turn: bool) -> View:
    return View(blob=view.blob, axes=(*view.axes[:-2], view.axes[-1], view.axes[-2])) if turn else view


def _batch_order(view: View) -> Order | None:
    """How the axes of the batch lie, where they lie before the matrix; None where they do not."""
    order = order_of(view.axes)
    if order is None:
        return None
    outer = tuple((axis, size) for axis, size in order if axis < len(view.axes) - 2)
    return outer if order[: len(outer)] == outer else None


def _told(order: Order) -> Order:
    return tuple((axis, size) for axis, size in order if size != 1)


RULES: Mapping[type[Layer], Rule] = {
    InnerProduct: inner_product,
    Linear: linear,
    MatrixProduct: matmul,
}
