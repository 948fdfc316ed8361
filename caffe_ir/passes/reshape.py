"""Reshapes of Reshapes -> one; a Flatten in front of an InnerProduct -> nothing; an output without the batch in front.

A view of a view is a view of the first blob: the numbers lie in the same order. InnerProduct makes rows of all axes
from its own on by itself (inner_product_layer.cpp), so it reads (N, C, H, W) as well as (N, C H W). A view that moves
the batch and that nobody reads, (T, 1, C) of (1, T, C), is written as (T, -1, C): a reader that knows no batch takes
the first number off the shape, and finds all values in the second. A map of one cell is reshaped to a vector: MNN's
Flatten leaves it as it is. The copy of a view that is an output stays behind it: beside it the two would be alike, and
MNN makes one layer of such.
"""

from __future__ import annotations

from math import prod

from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import Flatten, InnerProduct, Reshape, reshape_to
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

AXES_OF_A_MAP = 4


def _rewrite(net: Net, node: Node, context: Context) -> None:
    bottom = node.bottom
    while isinstance((producer := net.producer(bottom)).layer, Reshape | Flatten):
        bottom = producer.bottom
    held, wanted = net.shapes[bottom], net.shapes[node.top]
    if isinstance(node.layer, InnerProduct):
        batch = net.shapes[node.bottom][0]
        if node.layer.axis == 1 and bottom != node.bottom and len(held) == AXES_OF_A_MAP and held[0] == batch:
            _read(net, node, bottom, node.layer)
    elif held == wanted and not net.is_output(node.top):
        net.replace(_read(net, node, bottom, node.layer), [])
    elif len(wanted) > 1 and held[:1] != wanted[:1] and net.is_output(node.top) and not net.reads(node.top):
        _read(net, node, bottom, Reshape(shape=(wanted[0], -1, *wanted[2:])))
    elif bottom != node.bottom and not (net.is_output(node.top) and net.shapes[node.bottom] == wanted):
        flat = len(wanted) == 2 < len(held) and held[0] == wanted[0] and prod(held[2:]) > 1
        _read(net, node, bottom, Flatten() if flat else reshape_to(wanted, held))


def _read(net: Net, node: Node, bottom: str, layer: Layer) -> Node:
    """The node, made to read another blob; the views between that nobody reads any more go."""
    passed, new = node.bottom, replace(node, bottoms=(bottom,), layer=layer)
    net.update(node, new)
    while passed != bottom and not net.is_wanted(passed):
        view = net.producer(passed)
        net.values.move(passed, bottom)
        passed = view.bottom
        net.remove(view)
    return new


RESHAPE = Pass(name="reshape", visits=(Reshape, Flatten, InnerProduct), rewrite=_rewrite)
