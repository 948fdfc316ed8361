"""What MNN makes of neighbours and of whole nets otherwise than Caffe: trials with 3.6.1."""

from __future__ import annotations

from functools import partial
from math import prod

from msgspec.structs import replace

from caffe_ir.layers import Bias, Concat, Convolution, Dropout, Flatten, InnerProduct, Slice, Softmax, Split
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import in_place_cases, net_cases
from caffe_ir.targets.limits import NetLimit


def _last_dropouts(net: Net) -> list[Node]:
    return [node for node in net.nodes if isinstance(node.layer, Dropout) and net.is_output(node.top)]


def _rows_beside_a_product(net: Net) -> list[Node]:
    """Flattens to rows of images, which write an output, of a blob that an InnerProduct reads as such rows."""
    return [
        node
        for node in net.nodes
        if isinstance(node.layer, Flatten)
        and net.is_output(node.top)
        and node.layer == Flatten()
        and any(isinstance(one.layer, InnerProduct) for one in net.consumers(node.bottoms[0]))
    ]


def _joined_biases(net: Net) -> list[Node]:
    """Biases of channels that write an output, behind a depthwise Convolution and nothing but others of these."""
    return [node for node in net.nodes if _is_joined(net, node) and net.is_output(node.top)]


def _is_joined(net: Net, node: Node) -> bool:
    if not isinstance(node.layer, Bias) or len(node.bottoms) > 1 or not net.is_read_once(node.bottoms[0]):
        return False
    before, shape = net.producer(node.bottoms[0]), net.shapes[node.bottoms[0]]
    if prod(node.layer.blob_shapes((shape,))[0]) != shape[1]:
        return False
    is_depthwise = isinstance(before.layer, Convolution) and before.layer.group == net.shapes[before.bottoms[0]][1] > 1
    return is_depthwise or _is_joined(net, before)


NETS: tuple[NetLimit, ...] = (
    NetLimit(
        text="a Bias is joined with a depthwise Convolution, and the name of an output that it writes is lost",
        where=_joined_biases,
        silent=True,
        source="trials depthwise_bias and others",
    ),
    NetLimit(
        text="a Dropout is dropped, and so is the name of an output that it writes",
        where=_last_dropouts,
        silent=True,
        source="trials last_dropout and last_dropout_in_place",
    ),
    NetLimit(
        text="a Flatten beside an InnerProduct is left out, and so is an output that it writes",
        where=_rows_beside_a_product,
        silent=True,
        source="trial flatten_beside_product",
    ),
    NetLimit(
        text="a Split is dropped, and so is an output that it writes",
        where=lambda net: [
            node for node in net.nodes if isinstance(node.layer, Split) and any(map(net.is_output, node.tops))
        ],
        silent=True,
        source="trial Convolution, Split, ReLU of one top",
    ),
    NetLimit(
        text="of two layers that are alike one is left out, and so is an output that it writes",
        where=net_cases.outputs_alike_another_blob,
        silent=True,
        source="trials of two ReLU, Sigmoid, Power and Reshape of one blob",
    ),
    NetLimit(
        text="a Reshape in front of an InnerProduct is dropped, and no size is found for another matrix",
        where=net_cases.products_of_a_view,
        apart=True,
        source="trials of 256 numbers as 16 x 16 or 32 x 8; with a ReLU or a second Reshape between they are right",
    ),
    NetLimit(
        text="what a Flatten gives has four axes there, and a negative axis is one of these",
        where=partial(net_cases.negative_axes_behind_a_flatten, kinds=(Concat, Softmax)),
        silent=True,
        source="trials flatten_softmax_last and others",
    ),
    NetLimit(
        text="what a Flatten gives has four axes there, and no size is found for a Slice of the last",
        where=partial(net_cases.negative_axes_behind_a_flatten, kinds=(Slice,)),
        source="trial flatten_slice_last",
    ),
    replace(in_place_cases.SEVERAL_BOTTOMS, silent=True),
    NetLimit(
        text="what a Flatten gives has four axes there, and a Concat takes those of its first blob for all",
        where=net_cases.joined_to_a_vector,
        silent=True,
        of_flatten=True,
        source="trial vector_and_flatten",
    ),
)
