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
- the target does not read such a layer in place, or its limits for the whole net name the layer.
A product may overwrite any of its factors: that one is named first (eltwise_layer.cpp, Forward_cpu: the first two are
multiplied into the top, and that with each further one).
The names of `net.values` stay; which of them are overwritten in Caffe follows from the marks.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from caffe_ir.layers import Eltwise
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass


def _run(net: Net, context: Context) -> None:
    _take_back(net, context)
    alone = dict[str, bool]()
    for node in list(net.nodes):
        marked = _marked(net, node, context, alone)
        if marked is not node:
            net.update(node, marked)
        for top in node.tops:
            alone[top] = net.is_read_once(top) and _made_alone(marked, alone)
    while _take_back(net, context):
        pass


def _take_back(net: Net, context: Context) -> bool:
    """Whether nodes in place were found that limits for the whole net name; they have a top of their own then."""
    named = {node.name: node for limit in context.target.net for node in limit.where(net) if node.in_place}
    for node in named.values():
        net.update(node, replace(node, in_place=False))
    return bool(named)


def _made_alone(node: Node, alone: Mapping[str, bool]) -> bool:
    """Whether what a node makes lies in memory of its own, or in that of a bottom that nobody else sees."""
    if node.layer.is_view or node.in_place:
        return bool(node.bottoms) and alone[node.bottoms[0]]
    return bool(node.bottoms)


def _marked(net: Net, node: Node, context: Context, alone: Mapping[str, bool]) -> Node:
    """The node as it should be. `alone` has the blobs before it whose memory only their one reader sees."""
    read = context.target.in_place is None or isinstance(node.layer, context.target.in_place)
    if node.in_place and not (read and net.is_read_once(node.bottoms[0])):  # as another program wrote it
        return replace(node, in_place=False)
    if not node.layer.works_in_place or node.in_place or not read or len(node.tops) != 1 or net.is_output(node.top):
        return node
    shares = context.target.shares_memory
    if len(node.bottoms) > 1 and (not shares or context.target.for_others):
        return node
    for bottom in node.bottoms if isinstance(node.layer, Eltwise) else node.bottoms[:1]:
        whole = net.shapes[bottom] == net.shapes[node.top] and node.bottoms.count(bottom) == 1
        if whole and alone[bottom] and (shares or not net.producer(bottom).layer.is_view):
            others = tuple(other for other in node.bottoms if other != bottom)
            return replace(node, bottoms=(bottom, *others), in_place=True)
    return node


IN_PLACE = NetPass(name="in_place", run=_run)
