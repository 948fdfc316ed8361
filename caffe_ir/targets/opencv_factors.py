"""What OpenCV gets wrong of the factors of a Scale, which it joins with what is before it (Net::Impl::fuseLayers)."""

from __future__ import annotations

from math import prod

from caffe_ir.layers import Convolution, Deconvolution, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import axis_cases, cases, window_cases
from caffe_ir.targets.limits import Never


def _stays_alone(net: Net, node: Node) -> bool:
    return window_cases.taken_into(net, node) is None


def _is_behind_a_window(net: Net, node: Node) -> bool:
    before = window_cases.taken_into(net, node)
    return before is not None and isinstance(before.layer, Convolution | Deconvolution)


def _is_joined_by_number(net: Net, node: Node) -> bool:
    """Whether a Scale is joined with what it follows: a BatchNorm takes as many weights as channels, whatever their
    axis; a window asks for the number as well, and refuses others."""
    before = window_cases.taken_into(net, node) if len(node.bottoms) == 1 else None
    if before is None or _is_behind_a_window(net, node):
        return before is not None
    (bottom,) = bottoms = net.shapes_of(node.bottoms)
    return prod(node.layer.blob_shapes(bottoms)[0]) == bottom[1]


def factors_of_several_axes(net: Net) -> list[Node]:
    """Scales of one bottom with factors of several axes from the channels on, which OpenCV joins with a Convolution."""
    return [
        node
        for node in net.nodes
        if isinstance(node.layer, Scale)
        and len(node.bottoms) == 1
        and cases.factors_of_several_axes(node.layer, net.shapes_of(node.bottoms))
        and _is_behind_a_window(net, node)
    ]


FACTORS = (
    axis_cases.OWN_BIAS,
    Never(
        text="factors from an axis on that is counted from behind",
        where=cases.factors_from_behind,
        source="trials with 4.14, of one number and of several, alone and behind layers that it is joined with",
        unless=_is_joined_by_number,
    ),
    Never(
        text="factors of images, rows or columns behind a Convolution",
        where=cases.factors_of_rows,
        source="trial scale_axis3 with and without a Convolution, which OpenCV joins with it",
        unless=lambda net, node: not _is_behind_a_window(net, node),
    ),
    Never(
        text="as many factors of rows as channels are taken for these behind a Convolution or BatchNorm",
        where=cases.factors_like_channels,
        silent=True,
        source="trial scale_axis2_as_many, behind either of these, and a Scale or Power behind it",
        unless=_stays_alone,
    ),
)
