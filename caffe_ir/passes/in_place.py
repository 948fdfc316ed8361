"""Layers that may overwrite their bottom are marked to do so: less memory, and the chains that people write.

Caffe (net.cpp, AppendTop) lets a layer write into its bottom when it is the only reader of it. Of the types that do it
rightly (`Layer.in_place`) a node is marked unless
- its bottom has another reader, or is an output of the net;
- its bottom is a view of a blob that has another reader: Reshape, Flatten and Split share the memory of their bottom
  (reshape_layer.cpp, ShareData), and writing to the one changes the other for every later reader;
- its bottom is the net's input or a constant, which must live until the next run;
- its top is an output of the net: an output keeps its own name;
- its bottom is any view, and the target's blobs do not share memory as Caffe's do; it reads several blobs, and the
  files are for others than Caffe as well: ncnn's converter takes the factor and the product for one blob, and loads no
  such net;
- the target does not read such a layer in place.
A product may overwrite any of its factors: that one is named first (eltwise_layer.cpp, Forward_cpu: the first two are
multiplied into the top, and that with each further one).
The names of `net.values` stay; which of them are overwritten in Caffe follows from the marks.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import Eltwise
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass


def _rewrite(net: Net, node: Node, context: Context) -> None:
    read = context.target.in_place is None or isinstance(node.layer, context.target.in_place)
    if node.in_place and not read:  # as another program wrote it
        net.update(node, replace(node, in_place=False))
    if not node.layer.works_in_place or node.in_place or not read or len(node.tops) != 1:
        return
    if net.is_output(node.top):
        return
    commutes, shares = isinstance(node.layer, Eltwise), context.target.shares_memory
    if len(node.bottoms) > 1 and (not shares or context.target.for_others):
        return
    for bottom in node.bottoms if commutes else node.bottoms[:1]:
        whole = net.shapes[bottom] == net.shapes[node.top] and node.bottoms.count(bottom) == 1
        if whole and _is_free(net, bottom) and (shares or not net.producer(bottom).layer.is_view):
            others = tuple(other for other in node.bottoms if other != bottom)
            net.update(node, replace(node, bottoms=(bottom, *others), in_place=True))
            return


def _is_free(net: Net, blob: str) -> bool:
    """Whether nobody but its only reader sees the memory of a blob: it, and what it is a view of, are read once."""
    while net.is_read_once(blob):
        producer = net.producer(blob)
        if not producer.layer.is_view and not producer.in_place:
            return bool(producer.bottoms)
        if not producer.bottoms:
            return False
        blob = producer.bottoms[0]
    return False


IN_PLACE = Pass(name="in_place", visits=(Layer,), rewrite=_rewrite)
