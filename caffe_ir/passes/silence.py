"""Tops that nobody reads beside others that are read -> a Silence reads them.

A blob that no layer reads is an output of a Caffe net (net.cpp:226-235): the unwanted parts of a Slice, or the last
states of a recurrent cell, would stand among the results that the source has.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import Input, Silence
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    unread = [top for top in node.tops if not net.consumers(top) and top not in net.outputs]
    if not unread or len(unread) == len(node.tops) or isinstance(node.layer, Input):
        return
    new = Replacement(net=net, old=node, nodes=[replace(node)])
    new.split("rest", Silence(), *unread, tops=0)
    net.replace(node, new.nodes)
    net.values.forget(unread)


SILENCE = Pass(name="silence", visits=(Layer,), rewrite=_rewrite)
