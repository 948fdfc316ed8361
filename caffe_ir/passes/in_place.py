"""Layers that may overwrite their bottom are marked to do so: less memory, and the chains that people write.

Caffe (net.cpp, AppendTop) lets a layer write into its bottom when it is the only reader of it. Of the types that do it
rightly (`Layer.in_place`) a node is marked unless
- its bottom has another reader, or is an output of the net;
- its bottom is a view: Reshape, Flatten and Split share the memory of their bottom (reshape_layer.cpp, ShareData), and
  writing to the one changes the other for every later reader;
- its bottom is the net's input or a constant, which must live until the next run;
- its top is an output of the net: an output keeps its own name;
- the target does not read such a layer in place.
The names of `net.values` stay; which of them are overwritten in Caffe follows from the marks.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass


def _rewrite(net: Net, node: Node, context: Context) -> None:
    read = context.target.in_place is None or isinstance(node.layer, context.target.in_place)
    if node.in_place and not read:  # as another program wrote it
        net.update(node, replace(node, in_place=False))
    if not node.layer.in_place or node.in_place or not read or len(node.tops) != 1:
        return
    bottom = node.bottoms[0]
    if net.is_output(node.top) or net.shapes[bottom] != net.shapes[node.top]:
        return
    producer, alone = net.producer(bottom), net.is_read_once(bottom) and node.bottoms.count(bottom) == 1
    if alone and producer.bottoms and not producer.layer.is_view:
        net.update(node, replace(node, in_place=True))


IN_PLACE = Pass(name="in_place", visits=(Layer,), rewrite=_rewrite)
