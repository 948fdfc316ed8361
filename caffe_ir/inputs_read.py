"""Inputs whose numbers a net reads, apart from those that only give a size, as the second one of Crop."""

from __future__ import annotations

from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.node import Node


def inputs_read(net: Net) -> list[Node]:
    """The inputs on whose numbers an output depends, or that are one."""
    wanted = set(net.outputs)
    for node in reversed(net.nodes):
        if wanted.intersection(node.tops):
            wanted.update(bottom for place, bottom in enumerate(node.bottoms) if place not in node.layer.sizes_read)
    return [node for node in net.nodes if isinstance(node.layer, Input) and wanted.intersection(node.tops)]
