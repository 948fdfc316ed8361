"""Sums, products and extremes of a blob and a Parameter -> layers with weights, which every engine reads.

- One number for all: Power(scale), Power(shift), Clip. shift + scale x is power_layer.cpp's order, too.
- A product with numbers for some axes in a row, (C, 1, 1) for channels: Scale from the first of them on; a 1 among them
  is repeated (scale_layer.cpp: the weights have the shape of those axes).
- A sum with such numbers: Scale with bias_term and a factor of 1, since few programs read Bias.
- A maximum with numbers up to 16: max(x, c) = max(0, x - c) + c, and a minimum c - max(0, c - x), off by a rounding of
  c; Scale, ReLU, Scale.
- What is left reads the Parameter: extremes with larger numbers, and what makes the other blob larger.
"""

from __future__ import annotations

from math import inf

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.layer import Layer
from caffe_ir.layers import Clip, Eltwise, Parameter, Power, ReLU, Scale
from caffe_ir.layers.source import Add, Maximum, Minimum, Mul, Sub
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

LARGEST = 16.0
"""Of a constant in an extreme: twice its rounding in float32 is 2e-6."""
OPERATIONS: dict[type[Layer], str] = {Mul: "PROD", Add: "SUM", Sub: "SUM", Maximum: "MAX", Minimum: "MIN"}


class Operand(Struct, frozen=True, kw_only=True):
    """x, the constant beside it, and what each is multiplied with in a sum."""

    x: str
    constant: Blob
    factor: float = 1.0
    weight: float = 1.0


def _rewrite(net: Net, node: Node, context: Context) -> None:
    operand = _operand(net, node)
    if operand is None or net.shapes[operand.x] != net.shapes[node.top]:
        return
    operation, values = _operation(node.layer), operand.constant.load().astype(np.float64)
    layer: Layer
    blobs: tuple[Blob, ...] = ()
    if values.size and np.all(values == values.flat[0]):
        layer = _with_number(node.layer, operand, float(values.flat[0]))
        net.behind.computed_from.update({operand.constant.key} - {""})
    elif operation in ("PROD", "SUM"):
        layer, blobs = _with_weights(node.layer, operand, values, net.shapes[operand.x])
    elif np.abs(values).max() <= LARGEST:
        _extreme(net, node, operand, values, 1.0 if operation == "MAX" else -1.0)
        return
    else:
        return
    net.replace(node, [replace(node, layer=layer, bottoms=(operand.x,), blobs=blobs)])


def _operand(net: Net, node: Node) -> Operand | None:
    """The constant beside one other blob, where there is just one of each."""
    operation = _operation(node.layer)
    if len(node.bottoms) != 2 or not operation:
        return None
    coeff = (1.0, -1.0) if isinstance(node.layer, Sub) else (1.0, 1.0)
    if isinstance(node.layer, Eltwise) and node.layer.coeff:
        coeff = (node.layer.coeff[0], node.layer.coeff[1])
    producers = [net.producer(bottom) for bottom in node.bottoms]
    fixed = [isinstance(producer.layer, Parameter) for producer in producers]
    if sum(fixed) != 1:
        return None
    place = fixed.index(True)
    (constant,) = producers[place].blobs
    return Operand(x=node.bottoms[1 - place], constant=constant, factor=coeff[1 - place], weight=coeff[place])


def _operation(layer: Layer) -> str:
    if isinstance(layer, Eltwise):
        return layer.operation
    return OPERATIONS.get(type(layer), "")


def _with_number(layer: Layer, operand: Operand, number: float) -> Layer:
    operation = _operation(layer)
    if operation == "PROD":
        return Power(scale=number)
    if operation == "SUM":
        return Power(scale=operand.factor, shift=operand.weight * number)
    return Clip(min=number, max=inf) if operation == "MAX" else Clip(min=-inf, max=number)


def _extreme(net: Net, node: Node, operand: Operand, values: Array, sign: float) -> None:
    """sign (max(0, sign x - sign c) + sign c)."""
    shape, new = net.shapes[operand.x], Replacement(net=net, old=node)
    before = Operand(x=operand.x, constant=operand.constant, factor=sign, weight=-sign)
    after = Operand(x=operand.x, constant=operand.constant, factor=sign)
    layer, blobs = _with_weights(Add(), before, values, shape)
    above = new.add("above", ReLU(), new.add("shifted", layer, operand.x, blobs=blobs))
    layer, blobs = _with_weights(Add(), after, values, shape)
    new.add("extreme", layer, above, blobs=blobs)
    new.finish()


def _with_weights(layer: Layer, operand: Operand, values: Array, shape: Shape) -> tuple[Layer, tuple[Blob, ...]]:
    aligned = values.reshape((1,) * (len(shape) - values.ndim) + values.shape)
    told = [axis for axis, size in enumerate(aligned.shape) if size != 1]
    axes = slice(told[0], told[-1] + 1)
    wanted = shape[axes]
    spread = np.broadcast_to(aligned.reshape(aligned.shape[axes]), wanted)
    scale = Scale(axis=axes.start, num_axes=len(wanted), bias_term=_operation(layer) == "SUM")
    constant = operand.constant.constant
    as_it_is = operand.constant.reshaped(wanted) if spread.size == values.size else Blob.of(spread, constant=constant)
    if not scale.bias_term:
        return scale, (as_it_is,)
    shift = as_it_is if operand.weight == 1 else Blob.of(spread * operand.weight, constant=constant)
    return scale, (Blob.of(np.full(wanted, operand.factor), constant=True), shift)


CONSTANT_OPERAND = Pass(name="constant_operand", visits=(*OPERATIONS, Eltwise), rewrite=_rewrite)
