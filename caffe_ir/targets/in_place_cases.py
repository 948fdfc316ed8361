"""Layers that write into their bottom, of types or in ways that a target does not compute so: cases of whole nets."""

from __future__ import annotations

from caffe_ir.layers import LRN, MVN, AbsVal, Convolution, Eltwise, Flatten, Reshape, Split
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets.limits import NetLimit

REFUSED = (AbsVal, Flatten, Reshape, Split)
"""Types whose layers ask Caffe for another top than their bottom."""


def refused_by_caffe(net: Net) -> list[Node]:
    """Layers of types that Caffe refuses in place."""
    return [node for node in net.nodes if node.in_place and isinstance(node.layer, REFUSED)]


def read_after_written(net: Net) -> list[Node]:
    """Layers that write a part of their top before they have read all of their bottom, or give it another shape.

    A sum or a maximum is set to a constant first (eltwise_layer.cpp), which spoils the bottom unless its factor is 0.
    MVN, LRN within a channel and a Convolution that copies its windows keep what they need of the bottom elsewhere.
    """
    return [
        node
        for node in net.nodes
        if node.in_place
        and not node.layer.works_in_place
        and not isinstance(node.layer, REFUSED)
        and not _reads_first(net, node)
    ]


def _reads_first(net: Net, node: Node) -> bool:
    layer = node.layer
    if net.shapes[node.top] != net.shapes[node.bottoms[0]]:
        return False
    if isinstance(layer, Eltwise):
        return layer.operation == "SUM" and layer.coeff[:1] == (0,)
    if isinstance(layer, Convolution):  # is_1x1_ of base_conv_layer.cpp
        return {*layer.kernel_size, *layer.stride} != {1} or any(layer.pad)
    return isinstance(layer, MVN) or (isinstance(layer, LRN) and layer.norm_region == "WITHIN_CHANNEL")


def of_several_bottoms(net: Net) -> list[Node]:
    """Layers that write into the first of several bottoms."""
    return [node for node in net.nodes if node.in_place and len(node.bottoms) > 1]


def convolutions(net: Net) -> list[Node]:
    """Convolutions that write into their bottom."""
    return [node for node in net.nodes if node.in_place and isinstance(node.layer, Convolution)]


CONVOLUTION = NetLimit(text="a Convolution in place", where=convolutions, source="trial in_place_conv_k3")
SEVERAL_BOTTOMS = NetLimit(
    text="in place with several bottoms: the top is taken for one of them",
    where=of_several_bottoms,
    source="trials in_place_sum and in_place_product",
)
