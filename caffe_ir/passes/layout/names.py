"""The names of what `layout` wrote: the old ones, which were taken as long as the old blobs were there."""

from __future__ import annotations

from caffe_ir.layer import Layer
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.passes.layout.stage import MARK


def _rewrite(net: Net, node: Node, context: Context) -> None:
    if not any(MARK in name for name in (node.name, *node.tops)):
        return
    tops: tuple[str, ...] = ()
    for top in node.tops:
        tops += (net.fresh_name(top.partition(MARK)[0], tops),)
    net.call(node, tops, tops[0] if len(tops) == 1 else node.name)


LAYOUT_NAMES = Pass(name="layout_names", visits=(Layer,), rewrite=_rewrite)
