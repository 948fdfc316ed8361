"""Convolutions whose weights are computed from the net's input.

A convolution is linear in its weights. Where these are a mixture of constant ones, as in CondConv (Yang et al. 2019),
conv(x, sum_e r_e W_e) = sum_e r_e conv(x, W_e): one convolution by all W_e, and a sum. Any other weights meet the cells
of each window in a product of matrices.
"""

from __future__ import annotations

from math import prod

import numpy as np
import torch
from msgspec import Struct

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.layers import Convolution, Flatten, InnerProduct, Reshape
from caffe_ir.layers.source import Add, Linear, Mul, Reduce
from converters.pytorch.aten.axes import expanded
from converters.pytorch.aten.matmul import product
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.value import Value


class Windows(Struct, frozen=True, kw_only=True):
    """Where a convolution's windows lie, a number for each spatial axis, and its groups."""

    kernel: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    groups: int


class Mixture(Struct, frozen=True, kw_only=True):
    """Weights that are routing (rows, experts) times `experts` (their numbers, experts)."""

    routing: Value
    experts: Blob


def convolved(call: Call, build: Build, x: Value, windows: Windows) -> Value:
    """The convolution of (N, C, ...) by the argument `weight`, a value; with the bias, a value or a constant."""
    weight, bias = call.argument("weight"), call.argument("bias")
    assert isinstance(weight, Value), "the weights are computed"
    suffix = "" if bias is None else "product"
    found = _mixture(build, weight)
    rows = found.routing.shape[0] if found else 1
    if found and (rows == 1 or (x.shape[0] == 1 and windows.groups % rows == 0)):
        y = _mixed(call, build, x, weight.shape, windows, found, suffix)
    else:
        y = _multiplied(call, build, x, weight, windows, suffix)
    if bias is None:
        return y
    assert isinstance(bias, Value | torch.Tensor), "a bias is a tensor"
    each = build.reshape(build.as_value(bias, suffix="bias"), (prod(bias.shape), *(1 for _ in windows.kernel)))
    return build.add(Add(), y, each)


def _mixture(build: Build, weight: Value) -> Mixture | None:
    node = build.net.producer(weight.blob)
    while isinstance(node.layer, Reshape | Flatten):
        node = build.net.producer(node.bottom)
    if not isinstance(node.layer, InnerProduct | Linear) or node.layer.bias_term:
        return None
    shape = build.net.shapes[node.bottom]
    if len(shape) != 2 or weight.shape[0] % shape[0] or (isinstance(node.layer, InnerProduct) and node.layer.transpose):
        return None
    return Mixture(routing=Value(blob=node.bottom, shape=shape), experts=node.blobs[0])


def _mixed(call: Call, build: Build, x: Value, weight: Shape, windows: Windows, found: Mixture, suffix: str) -> Value:
    """Each image, or each row of the groups that stand for images, by its own mixture."""
    rows, count = found.routing.shape
    groups = windows.groups // rows if x.shape[0] == 1 else windows.groups
    outputs, inner = weight[0] // rows, weight[1:]
    images = x.shape[0] if rows == 1 else rows
    apart = build.reshape(x, (images, prod(x.shape[:2]) // images, *x.shape[2:]), suffix="images")
    experts = found.experts

    def stacked() -> Array:  # (group, expert, output of the group)
        split = experts.load().reshape(groups, outputs // groups, *inner, count)
        return np.ascontiguousarray(np.moveaxis(split, -1, 1)).reshape(count * outputs, *inner)

    layer = Convolution(
        num_output=count * outputs,
        kernel_size=windows.kernel,
        stride=windows.stride,
        pad=windows.padding,
        dilation=windows.dilation,
        group=groups,
        bias_term=False,
    )
    blob = Blob.computed((count * outputs, *inner), stacked)
    each = build.add(layer, apart, blobs=[blob], suffix="experts")
    cells = outputs // groups * prod(each.shape[2:])
    each = build.reshape(each, (images, groups, count, cells), suffix="each")
    shares = build.reshape(found.routing, (rows, 1, count, 1), suffix="shares")
    weighted = build.add(Mul(), each, shares, suffix="weighted")
    mixed = build.add(Reduce(operation="SUM", axes=(2,)), weighted, suffix="mixed")
    return build.reshape(mixed, call.shape, suffix=suffix)


def _multiplied(call: Call, build: Build, x: Value, weight: Value, windows: Windows, suffix: str) -> Value:
    """Every window's cells as a column: (N, groups, outputs, cells) times (N, groups, cells, windows)."""
    n, channels = x.shape[:2]
    groups, kernel = windows.groups, windows.kernel
    taps = prod(kernel)
    columns = x
    if taps > 1 or set(windows.stride) != {1} or any(windows.padding):
        units = torch.eye(taps).reshape(taps, 1, *kernel).repeat(channels, *(1 for _ in range(len(kernel) + 1)))
        layer = Convolution(
            num_output=channels * taps,
            kernel_size=kernel,
            stride=windows.stride,
            pad=windows.padding,
            dilation=windows.dilation,
            group=channels,
            bias_term=False,
        )
        columns = build.add(layer, x, blobs=[build.blob(units, constant=True)], suffix="windows")
    cells = channels // groups * taps
    columns = build.reshape(columns, (n, groups, cells, prod(columns.shape[2:])), suffix="columns")
    matrix = build.reshape(weight, (1, groups, weight.shape[0] // groups, cells), suffix="rows")
    y = product(call, build, expanded(build, matrix, (n, *matrix.shape[1:]), suffix="each"), columns, suffix="matrices")
    return build.reshape(y, call.shape, suffix=suffix)
