"""Pooling of maxima that the target computes wrongly for what stands before it -> a SignedMaximum, which has forms.

A reader whose maxima begin with 0 computes those over numbers that are never negative, as behind a ReLU; only the net
says which these are (`NetLimit.of_maxima`). A Pooling with a window that holds no cell, for which Caffe gives its
lowest float, is left.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers import Pooling
from caffe_ir.layers.source import SignedMaximum, WindowPool
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.targets.window_cases import begins_behind


def _run(net: Net, context: Context) -> None:
    for node in [node for limit in context.target.net if limit.of_maxima for node in limit.where(net)]:
        assert isinstance(node.layer, Pooling)
        size, (_, _, height, width) = net.shapes[node.bottom][2:], net.shapes[node.top]
        if begins_behind(node.layer, (net.shapes[node.bottom],)):
            continue
        kernel, stride, pad = node.layer.kernel_size or size, node.layer.stride, node.layer.pad
        windows = WindowPool(
            pool="MAX",
            kernel_size=(kernel[0], kernel[1]),
            stride=(stride[0], stride[1]),
            begin=(pad[0], pad[1]),
            output_size=(height, width),
        )
        net.update(node, replace(node, layer=SignedMaximum(windows=windows)))


SIGNED_MAXIMA = NetPass(name="signed_maxima", run=_run)
