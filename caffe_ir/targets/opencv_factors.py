"""What OpenCV gets wrong of the factors of a Scale, which it joins with what is before it (Net::Impl::fuseLayers)."""

from __future__ import annotations

from collections.abc import Collection
from math import prod

from caffe_ir.layer import Shapes
from caffe_ir.layers import BatchNorm, Convolution, Deconvolution, Eltwise, InnerProduct, PReLU, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import axis_cases, cases, window_cases
from caffe_ir.targets.limits import NetLimit, Never, Pair


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


def joined_with_groups(net: Net) -> list[Node]:
    """A BatchNorm, or Scale of as many factors as channels, that OpenCV joins with a Deconvolution of several groups.

    Only the first of several is named: with a view in front of it the others are joined with that one.
    """
    found = list[Node]()
    for node in net.nodes:
        if not _has_a_factor_for_each_channel(net, node):
            continue
        window = window_cases.taken_into(net, node)
        if window and isinstance(window.layer, Deconvolution) and _mixes_groups(window.layer):
            found.append(node)
    tops = {top for node in found for top in node.tops}
    return [node for node in found if not _is_behind(net, node, tops)]


def _has_a_factor_for_each_channel(net: Net, node: Node) -> bool:
    if isinstance(node.layer, Scale) and len(node.bottoms) == 1:
        (bottom,) = bottoms = net.shapes_of(node.bottoms)
        return len(bottom) > 1 and prod(node.layer.blob_shapes(bottoms)[0]) == bottom[1]
    return isinstance(node.layer, BatchNorm) and node.layer.use_global_stats


def _mixes_groups(layer: Deconvolution) -> bool:
    return layer.group > 1 and (layer.num_output > layer.group or prod(layer.kernel_size) > 1)


def _is_behind(net: Net, node: Node, tops: Collection[str]) -> bool:
    """Whether a chain of layers that are joined begins before one of these blobs."""
    blob = node.bottoms[0]
    while not isinstance(net.producer(blob).layer, Deconvolution):
        if blob in tops:
            return True
        blob = net.producer(blob).bottoms[0]
    return False


def _of_few_axes(first: Eltwise, second: BatchNorm | PReLU, bottoms: Shapes) -> bool:
    return len(bottoms[0]) < window_cases.MAP and not (isinstance(second, PReLU) and second.channel_shared)


def _has_other_slopes(layer: PReLU, bottoms: Shapes) -> bool:
    return len(bottoms[0]) > cases.TWO and not layer.channel_shared


def _behind_a_sum(kind: type[BatchNorm] | type[PReLU], name: str) -> Pair:
    return Pair(
        first=Eltwise,
        second=kind,
        text=f"{name} of other than four axes behind an Eltwise, with which it is joined",
        where=_of_few_axes,
        silent=True,
        source=f"trials eltwise_{kind.__name__.lower()}_2d and _3d, 4.14",
        apart=True,
    )


GROUPS = NetLimit(
    text="factors behind a Deconvolution of several groups are joined with other channels' filters",
    where=joined_with_groups,
    silent=True,
    source="trials deconv_groups_bn and deconv_groups_scale, of 2 to 18 channels, 4.14",
    apart=True,
)
SUMS = (_behind_a_sum(BatchNorm, "a BatchNorm"), _behind_a_sum(PReLU, "a PReLU"))
PRODUCTS = (
    Pair(
        first=InnerProduct,
        second=BatchNorm,
        text="statistics of channels are taken for those of an InnerProduct's numbers",
        where=lambda first, second, bottoms: len(bottoms[0]) > cases.TWO,
        silent=True,
        source="trial with 4.14, axis: 3 on 4 x 5 x 6, and as many numbers as channels too",
        apart=True,
    ),
    Pair(
        first=InnerProduct,
        second=PReLU,
        text="slopes of channels are taken for those of an InnerProduct's numbers",
        where=lambda first, second, bottoms: _has_other_slopes(second, bottoms) and bottoms[0][-1] <= bottoms[0][1],
        silent=True,
        source="trials product_axis3_4_prelu and others, 4.14",
        apart=True,
    ),
    Pair(
        first=InnerProduct,
        second=PReLU,
        text="fewer slopes of channels than an InnerProduct has numbers",
        where=lambda first, second, bottoms: _has_other_slopes(second, bottoms) and bottoms[0][-1] > bottoms[0][1],
        source="trials product_axis3_5_prelu and others, 4.14",
        apart=True,
    ),
)
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
